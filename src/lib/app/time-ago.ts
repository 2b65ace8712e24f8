/** How long ago something was, as people say it. */
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60]
];

/** @param time ms since 1970; what lies in the future, by another clock, is "just now" */
export function timeAgo(time: number, now: number): string {
  const seconds = (now - time) / 1000;
  const unit = units.find(([, length]) => seconds >= length);
  if (!unit) return 'just now';
  const [name, length] = unit;
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-Math.floor(seconds / length), name);
}
