const MAX_KEYS = 4_096;
const SLOTS = 16_384;
const MAX_PROBES = 16;

/** A key that changes nothing, wherever it stands. */
export const HARMLESS: number = 1;
/** A member of the envelope, when it stands there. */
export const IN_ENVELOPE: number = 2;
/** With IN_ENVELOPE: its value is copied unseen. */
export const EXEMPT: number = 4;

interface KnownKey {
  readonly bytes: Uint8Array;
  readonly hash: number;
  /** Grows only. */
  kind: number;
}

/** Keys by their bytes, found without making a string of them. */
export class HarmlessKeys {
  #known: (KnownKey | undefined)[] = [];
  readonly #envelope: readonly (readonly [name: string, exempt: boolean])[];
  #size = 0;

  constructor(envelope: Iterable<readonly [name: string, exempt: boolean]>) {
    this.#envelope = [...envelope];
    this.#clear();
  }

  add(key: string): void {
    if (this.#size >= MAX_KEYS) this.#clear();
    this.#put(key, HARMLESS);
  }

  /** The key in these bytes; undefined for an unknown one. */
  find(json: Uint8Array, from: number, to: number, hash: number): KnownKey | undefined {
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const known = this.#known[(hash + probe) & (SLOTS - 1)];
      if (known === undefined) return undefined;
      if (known.hash === hash && isSame(known.bytes, json, from, to)) return known;
    }
    return undefined;
  }

  #clear(): void {
    this.#known = Array.from({ length: SLOTS }, () => undefined);
    this.#size = 0;
    for (const [name, exempt] of this.#envelope) this.#put(name, exempt ? IN_ENVELOPE | EXEMPT : IN_ENVELOPE);
  }

  #put(key: string, kind: number): void {
    const bytes = new TextEncoder().encode(key);
    let hash = 0;
    for (const byte of bytes) hash = nextHash(hash, byte);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & (SLOTS - 1);
      const there = this.#known[slot];
      if (there !== undefined && !(there.hash === hash && isSame(there.bytes, bytes, 0, bytes.length))) continue;
      if (there !== undefined) there.kind |= kind;
      else {
        this.#known[slot] = { bytes, hash, kind };
        this.#size++;
      }
      return;
    }
  }
}

export const nextHash = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

function isSame(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  if (a.length !== to - from) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[from + i]) return false;
  return true;
}
