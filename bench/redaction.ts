import { performance } from 'node:perf_hooks';
import type { Figures, Side } from './scenario.ts';
import { median } from './statistics.ts';

/** Audit lines of about 250 bytes: how many values in each must not stay. */
export const KINDS = ['clean', 'one hit', 'four hits'] as const;
type Kind = (typeof KINDS)[number];

/** Between two looks at the clock. */
const LINES = 1_000;
const QUICK_LINES = 100;
const TOKEN = 'REDACTED';
/** What the lines with hits hold, with the numbers in them left out. */
const SECRETS = ['@example.com', '+1 415 555', '10.1.2.', 'hunter2'];

const PAYLOADS: Readonly<Record<Kind, (i: number) => object>> = {
  clean: (i) => ({ sku: 'lamp-7', count: i % 9, price: 12.5, created_at: '2025-10-09T08:53:20.125Z' }),
  'one hit': (i) => ({ order_id: `ord-${i}`, note: `write to ann.${i}@example.com before noon` }),
  'four hits': (i) => ({
    email: `ann.${i}@example.com`,
    note: `+1 415 555 ${1000 + i} from 10.1.2.${i % 255}`,
    password: 'hunter2',
  }),
};

function lineAt(kind: Kind, i: number): string {
  return JSON.stringify({
    event_type: 'order.created',
    payload: PAYLOADS[kind](i),
    timestamp: 1_760_000_000 + i / 8,
    event_id: 'abcdefghijklmnopqrstuvw',
    source: 'order-service',
    correlation_id: i % 2 ? 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6' : null,
  });
}

type Redact = (line: string) => string;

/** One way to redact a line, kind by kind; each figure's name ends in the kind: 'linesPerSecond clean'. */
export function redactionSide(quick: boolean, redact: Redact): Side {
  const batches = KINDS.map((kind) => new Batch(kind, quick ? QUICK_LINES : LINES, redact));
  return {
    async run(ms: number): Promise<Figures> {
      const figures: Record<string, number> = {};
      for (const batch of batches) {
        const samples: number[] = [];
        const end = performance.now() + ms / batches.length;
        do samples.push(batch.time(redact));
        while (performance.now() < end);
        const linesPerSecond = (1000 * batch.lines) / median(samples);
        figures[`linesPerSecond ${batch.kind}`] = linesPerSecond;
        figures[`mbPerSecond ${batch.kind}`] = (linesPerSecond * batch.bytes) / batch.lines / 1e6;
      }
      return figures;
    },
    close: async () => {},
  };
}

/** Lines of a kind, whose redaction was looked at once and takes as many characters each time. */
class Batch {
  readonly kind: Kind;
  readonly lines: number;
  readonly #all: Buffer;
  readonly #ends: readonly number[];
  readonly #length: number;

  constructor(kind: Kind, lines: number, redact: Redact) {
    this.kind = kind;
    this.lines = lines;
    const texts = Array.from({ length: lines }, (_, i) => lineAt(kind, i));
    this.#all = Buffer.from(texts.join(''), 'latin1');
    let end = 0;
    this.#ends = texts.map((text) => {
      end += text.length;
      return end;
    });
    this.#length = texts.reduce((sum, text) => sum + checked(kind, text, redact(text)).length, 0);
  }

  get bytes(): number {
    return this.#all.length;
  }

  /** Milliseconds for all lines. They are cut from the buffer anew, so that no round sees strings it knows. */
  time(redact: Redact): number {
    let from = 0;
    const texts = this.#ends.map((end) => {
      const text = this.#all.toString('latin1', from, end);
      from = end;
      return text;
    });
    let length = 0;
    const start = performance.now();
    for (const text of texts) length += redact(text).length;
    const ms = performance.now() - start;
    if (length !== this.#length) throw new Error(`${this.kind}: ${length} characters, ${this.#length} at first`);
    return ms;
  }
}

/** Throws when a clean line was changed, or one with hits is no JSON any more, has fewer tokens or a secret left. */
function checked(kind: Kind, line: string, redacted: string): string {
  if (kind === 'clean' ? redacted !== line : !isRedacted(redacted, kind === 'one hit' ? 1 : 4)) {
    throw new Error(`${kind}: ${line} became ${redacted}`);
  }
  return redacted;
}

function isRedacted(text: string, hits: number): boolean {
  JSON.parse(text);
  return text.split(TOKEN).length - 1 === hits && SECRETS.every((secret) => !text.includes(secret));
}
