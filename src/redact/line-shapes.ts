import { plainEnd, QUOTE, scalarEnd } from './json-bytes.ts';
import type { Prefilter } from './prefilter.ts';

const MAX_VALUES = 128;
/** Between two values there are no more bytes than this, else the line is not learned. */
const LONGEST_GLUE = 512;
/** All is forgotten when there are so many steps. */
const MAX_STEPS = 4_096;
/** So many ways to go on behind a value; the newest are kept. */
const MAX_ALTERNATIVES = 8;
const LONGEST_FORMER = 128;
/** A value that was new so often in a row is not compared any more, for so many lines. */
const MAX_MISSES = 4;
const REST = 256;
/** Ways to go on behind the first value, the event's type, stand in so many chains. */
const CHAINS = 64;

/** Bytes that are compared four at a time. */
class Pattern {
  readonly length: number;
  /** At 0, 4, …, and the last four, which may overlap those before; of a shorter one each byte. */
  readonly #words: Int32Array;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    if (bytes.length < 4) this.#words = Int32Array.from(bytes);
    else {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#words = new Int32Array((bytes.length + 3) >> 2);
      for (let i = 0; i < this.#words.length; i++)
        this.#words[i] = view.getInt32(Math.min(4 * i, bytes.length - 4), true);
    }
  }

  /** The caller has seen that so many bytes are there. */
  isAt(view: DataView, at: number): boolean {
    const { length } = this;
    const words = this.#words;
    if (length < 4) {
      for (let i = 0; i < length; i++) if (view.getUint8(at + i) !== words[i]) return false;
      return true;
    }
    const last = words.length - 1;
    for (let i = 0; i < last; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    return view.getInt32(at + length - 4, true) === words[last];
  }
}

/** What stands before a value: brackets, keys, colons and commas since the value before. */
class Step {
  readonly glue: Pattern;
  /** Nothing comes behind it. */
  readonly ends: boolean;
  /** Its value is not searched. */
  readonly exempt: boolean;
  /** The clean string of a line before, with its quotes: many fields hold the same in line after line. */
  former: Pattern | undefined = undefined;
  misses = 0;
  /** The first of the steps that may follow. */
  next: Step | undefined = undefined;
  /** Another one in place of this. */
  sibling: Step | undefined = undefined;

  constructor(glue: Pattern, ends: boolean, exempt: boolean) {
    this.glue = glue;
    this.ends = ends;
    this.exempt = exempt;
  }
}

/**
 * What stands between the values of lines that were found clean, as a tree. A line that takes a way through it has the
 * keys of such a line in the same places, so that only its values need a look.
 */
export class LineShapes {
  readonly #prefilter: Prefilter;
  #first: Step | undefined;
  #chains: (Step | undefined)[] = [];
  #steps = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Of the line that is being walked: where each value begins and ends, and whether it is exempt. */
  readonly #values = new Int32Array(3 * MAX_VALUES);
  #count = 0;

  constructor(prefilter: Prefilter) {
    this.#prefilter = prefilter;
    this.#forget();
  }

  /** Whether the line is clean; undefined when its shape is not known. */
  isClean(json: Buffer, from: number, to: number): boolean | undefined {
    this.#look(json);
    const view = this.#view;
    let at = from;
    let step = this.#first;
    for (let first = true; ; first = false) {
      for (; step !== undefined; step = step.sibling) {
        const end = at + step.glue.length;
        if (step.ends ? end !== to : end >= to || isBracket(json[end]!)) continue;
        if (step.glue.isAt(view, at)) break;
      }
      if (step === undefined) return undefined;
      if (step.ends) return true;
      at += step.glue.length;
      at = json[at] === QUOTE ? this.#string(step, json, at, to) : this.#scalar(step, json, at);
      if (at < 0 || at > to) return false;
      step = first ? this.#chains[chainOf(json, from, at)] : step.next;
    }
  }

  /** A line is walked. */
  begin(): void {
    this.#count = 0;
  }

  /** It has a value here, a string or a scalar. */
  value(from: number, to: number, exempt: boolean): void {
    if (this.#count === MAX_VALUES) return;
    const at = 3 * this.#count++;
    this.#values[at] = from;
    this.#values[at + 1] = to;
    this.#values[at + 2] = Number(exempt);
  }

  /** The line that was walked is clean. */
  learn(json: Buffer, from: number, to: number): void {
    const count = this.#count;
    if (count === 0 || count === MAX_VALUES) return;
    if (this.#steps + count >= MAX_STEPS) this.#forget();
    const values = this.#values;
    let at = from;
    let before: Step | undefined;
    for (let i = 0; i <= count; i++) {
      const end = i === count ? to : values[3 * i]!;
      if (end - at > LONGEST_GLUE) return;
      const chain = i === 1 ? chainOf(json, from, at) : undefined;
      const head = i === 0 ? this.#first : chain === undefined ? before!.next : this.#chains[chain];
      let step = this.#find(head, at, end, i === count);
      if (step === undefined) {
        // A copy: a view would keep the whole batch.
        step = new Step(new Pattern(Uint8Array.from(json.subarray(at, end))), i === count, values[3 * i + 2] === 1);
        step.sibling = head;
        this.#steps++;
        cutBehind(step, MAX_ALTERNATIVES);
        if (i === 0) this.#first = step;
        else if (chain === undefined) before!.next = step;
        else this.#chains[chain] = step;
      }
      before = step;
      at = values[3 * i + 1]!;
    }
  }

  #find(head: Step | undefined, at: number, end: number, ends: boolean): Step | undefined {
    for (let step = head; step !== undefined; step = step.sibling) {
      if (step.ends === ends && step.glue.length === end - at && step.glue.isAt(this.#view, at)) return step;
    }
    return undefined;
  }

  /** Behind the string whose quote is at `at`, -1 for one that has to be looked at more closely. */
  #string(step: Step, json: Buffer, at: number, to: number): number {
    const { former } = step;
    if (former !== undefined && at + former.length < to && former.isAt(this.#view, at)) {
      step.misses = 0;
      return at + former.length;
    }
    const end = this.#stringEnd(step, json, at + 1, to);
    if (end === 0) return -1;
    const misses = ++step.misses;
    if (misses <= MAX_MISSES && end - at <= LONGEST_FORMER)
      step.former = new Pattern(Uint8Array.from(json.subarray(at, end)));
    else {
      step.former = undefined;
      if (misses > REST) step.misses = 0;
    }
    return end;
  }

  /** Behind the closing quote, 0 without a clean string. */
  #stringEnd(step: Step, json: Buffer, from: number, to: number): number {
    if (step.exempt) return plainEnd(json, from, to) + 1;
    return this.#prefilter.literal(json, from, to) === 0 ? this.#prefilter.end + 1 : 0;
  }

  #scalar(step: Step, json: Buffer, at: number): number {
    const end = scalarEnd(json, at);
    if (end < 0 || step.exempt) return end;
    return this.#prefilter.numberLiteral(json, at, end) === 0 ? end : -1;
  }

  /** Lines stand one after the other in one memory: its view serves them all. */
  #look(json: Buffer): void {
    const { buffer, byteOffset } = json;
    if (this.#view.buffer !== buffer || this.#view.byteOffset !== byteOffset)
      this.#view = new DataView(buffer, byteOffset);
  }

  #forget(): void {
    this.#first = undefined;
    this.#chains = Array.from({ length: CHAINS }, () => undefined);
    this.#steps = 0;
  }
}

/** Where one stands the glue goes on: `,` may be all of it, or the beginning of `,{"id":`. */
function isBracket(c: number): boolean {
  return c === 123 || c === 91 || c === 93;
}

/** By the end of the first value and its length, so that each type has a chain of its own, or nearly. */
function chainOf(json: Uint8Array, from: number, end: number): number {
  return (json[end - 2]! + 3 * json[end - 3]! + 5 * json[end - 4]! + 7 * (end - from)) & (CHAINS - 1);
}

function cutBehind(step: Step, length: number): void {
  let last: Step | undefined = step;
  for (let i = 1; i < length && last !== undefined; i++) last = last.sibling;
  if (last !== undefined) last.sibling = undefined;
}
