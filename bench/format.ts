/** 1234567 → '1,235 k/s', 123 → '123 /s' */
export function rate(perSecond: number): string {
  return perSecond < 1000 ? `${digits(perSecond)} /s` : `${thousands(perSecond / 1000)} k/s`;
}

function thousands(value: number): string {
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US');
}

export function micros(us: number): string {
  return `${us < 10 ? us.toFixed(2) : us.toFixed(1)} µs`;
}

export function millis(ms: number): string {
  return `${ms < 10 ? digits(ms) : ms.toFixed(1)} ms`;
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(places, 3));
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** 812345 → '812k', 1.234 → '1.23'. */
export function shortNumber(value: number): string {
  return compact.format(value).replace('K', 'k');
}
