import type { EventFilter } from './query.ts';

const TYPE_AT = Buffer.from('{"event_type":"');
const STAMP_AT = Buffer.from(',"timestamp":');
/** Of a number's text so much tells it to far below a millisecond. */
const STAMP_BYTES = 24;
const QUOTE = 34;
const BACKSLASH = 92;

/** Tells without decoding a line that a query does not want it; a scan of a whole log is mostly this. */
export class Sieve {
  readonly #filter: EventFilter;
  /** The beginning of the line before up to the end of its type: neighbours often have the same. */
  #type: Buffer = Buffer.alloc(0);
  #wanted = true;
  /** As it stands in a line, of whoever wrote it in the usual way. */
  readonly #correlation: Buffer | undefined;

  constructor(filter: EventFilter) {
    this.#filter = filter;
    const id = filter.correlationId;
    // Letters that may be written in two ways say nothing by their absence.
    if (id !== undefined && /^[\w.:-]+$/.test(id)) this.#correlation = Buffer.from(id);
  }

  /** False only for a line of our own writing. */
  mayMatch(line: Buffer): boolean {
    if (this.#correlation !== undefined && !line.includes(this.#correlation)) return false;
    if (!startsWith(line, this.#type) || this.#type.length === 0) {
      const quote = line.indexOf(QUOTE, TYPE_AT.length);
      if (quote === -1 || !startsWith(line, TYPE_AT)) return true;
      const type = line.subarray(TYPE_AT.length, quote);
      if (type.includes(BACKSLASH)) return true;
      this.#type = Buffer.from(line.subarray(0, quote + 1));
      this.#wanted = this.#filter.matches(type.toString(), () => null);
    }
    return this.#wanted && this.#isRecent(line);
  }

  #isRecent(line: Buffer): boolean {
    const { sinceMs } = this.#filter;
    if (sinceMs === Number.NEGATIVE_INFINITY) return true;
    // The envelope's is the last: quotes inside strings are escaped.
    const stamp = line.lastIndexOf(STAMP_AT);
    if (stamp === -1) return true;
    const from = stamp + STAMP_AT.length;
    const seconds = Number.parseFloat(line.toString('latin1', from, from + STAMP_BYTES));
    // Compared with a margin; the event itself decides.
    return !(seconds * 1000 < sinceMs - 1);
  }
}

function startsWith(line: Buffer, start: Buffer): boolean {
  for (let i = 0; i < start.length; i++) if (line[i] !== start[i]) return false;
  return true;
}
