type Units = readonly (readonly [size: number, name: string])[];

/** Smallest first. */
const RATES: Units = [
  [1, '/s'],
  [1e3, 'k/s'],
  [1e6, 'M/s'],
  [1e9, 'G/s'],
];
const TIMES_US: Units = [
  [1e-3, 'ns'],
  [1, 'µs'],
  [1e3, 'ms'],
  [1e6, 's'],
];

/** 1234567 → '1,235 k/s', 123 → '123 /s'. */
export function rate(perSecond: number): string {
  return perSecond < 1000 ? inUnit(perSecond, RATES, 0) : inUnit(perSecond, RATES, 1);
}

/** 1.234 → '1.23 µs', 0.0567 → '56.7 ns', 12345 → '12.3 ms'. */
export function micros(us: number): string {
  return us < 0.1 ? inUnit(us, TIMES_US, 0) : inUnit(us, TIMES_US, 1);
}

export function millis(ms: number): string {
  return `${ms < 10 ? digits(ms) : ms.toFixed(1)} ms`;
}

/**
 * In the unit number `first` or, where that takes five digits before the point, a larger one: with four a figure is
 * still easy to read beside another of the same unit.
 */
function inUnit(value: number, units: Units, first: number): string {
  const at = units.findIndex(([size], i) => i >= first && Math.round(Math.abs(value) / size) < 10_000);
  const [size, name] = units.at(at)!;
  return `${digits(value / size)} ${name}`;
}

/** So many places at most: what is smaller is as good as nothing. */
const MOST_PLACES = 6;

/** Three significant digits, without an exponent; of a thousand and more all before the point. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(rounded) >= 1000) return Math.round(value).toLocaleString('en-US');
  const places = 2 - Math.floor(Math.log10(Math.abs(rounded) || 1));
  return rounded.toFixed(Math.min(places, MOST_PLACES));
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** 812345 → '812k', 1.234 → '1.23'. */
export function shortNumber(value: number): string {
  return compact.format(value).replace('K', 'k');
}
