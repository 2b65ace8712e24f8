/** Numbers as people read them: three significant digits, times with their unit, sizes of files. */

/** Three significant digits, never in scientific notation within the range of measured values. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e7 || size < 1e-4) return value.toExponential(2).replace('e+', 'e').replace('-', '−');
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size))));
  const rounded = size >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(digits);
  return rounded.replace('-', '−');
}

/** A time in s with the digits that a step of `step` s needs, such as `12.35 s`. */
export function seconds(value: number, step = 0.001): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  return `${value.toFixed(digits).replace('-', '−')} s`;
}

/** A duration for reading: `350 ms`, `59.5 s`, `12 min 30 s`, `2 h 5 min`. */
export function duration(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${threeDigits(value)} s`;
  const whole = Math.round(value);
  if (whole < 7200) {
    const rest = whole % 60;
    return `${Math.floor(whole / 60)} min${rest ? ` ${rest} s` : ''}`;
  }
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A size in decimal units, such as `6.80 GB`. */
export function bytes(value: number): string {
  const power = value < 1000 ? 0 : Math.min(5, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power === 0 ? scaled : scaled.toPrecision(3)} ${byteUnits[power] ?? 'B'}`;
}
