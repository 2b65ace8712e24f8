/** One fact, or a group of facts, of the info tree. */
export type InfoNode =
  { label: string; value: string; children?: undefined } | { label: string; children: InfoNode[] };
