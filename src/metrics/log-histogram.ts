/** Buckets per doubling of the value: a quantile is off by 2.2 % at most. */
const PER_OCTAVE = 16;
/** From 2^-10 (a microsecond, when values are milliseconds) to 2^24 (four and a half hours). */
const LOWEST = -10;
const OCTAVES = 34;
const BUCKETS = OCTAVES * PER_OCTAVE;

/** Quantiles of any number of values in 4 KB: counts in buckets that grow by a constant factor. */
export class LogHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  /** NaN is left out. */
  record(value: number): void {
    if (Number.isNaN(value)) return;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const at = value > 0 ? Math.floor((Math.log2(value) - LOWEST) * PER_OCTAVE) : 0;
    this.#counts[Math.max(0, Math.min(BUCKETS - 1, at))]!++;
  }

  /** `q` from 0 to 1; 0 without values. Never outside of what was recorded. */
  quantile(q: number): number {
    if (this.count === 0) return 0;
    let left = q * this.count;
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#counts[i]!;
      if (left <= 0 && this.#counts[i]! > 0) {
        const middle = 2 ** ((i + 0.5) / PER_OCTAVE + LOWEST);
        return Math.min(this.max, Math.max(this.min, middle));
      }
    }
    return this.max;
  }
}
