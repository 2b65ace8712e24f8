/** Round tick positions for an axis. */

/** The smallest of 1, 2 and 5 times a power of ten that is at least `step`. */
export function niceStep(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const lead = step / power;
  const chosen = lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10;
  return chosen * power;
}

/** About `count` round positions inside [min, max], with the step between them. */
export function niceTicks(min: number, max: number, count: number): { step: number; ticks: number[] } {
  const step = niceStep((max - min) / Math.max(1, count));
  const ticks: number[] = [];
  if (!(max > min)) return { step, ticks };
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  for (let index = first; index <= last; index++) ticks.push(Number((index * step).toPrecision(12)));
  return { step, ticks };
}
