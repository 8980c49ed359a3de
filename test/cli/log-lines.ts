import { BusEvent, type EventRecordJson } from '../../src/index.ts';
import { jsonLines } from './cli.ts';

/** What no terminal may be shown as it is. */
export const NASTY = '\u001b[2J\u009b31m\u202e';
export const START_MS: number = Date.UTC(2026, 0, 31, 12);

interface LineOptions {
  readonly type?: string;
  readonly flow?: string;
  readonly at?: number;
  readonly source?: string;
}

/** Lines of a log, numbered, a second apart. */
export function lines(
  from: number,
  to: number,
  { type = 'a.b', flow, at = START_MS, source }: LineOptions = {},
): string {
  let text = '';
  for (let n = from; n < to; n++) {
    const event = new BusEvent(
      type,
      { n, text: NASTY },
      {
        eventId: `id-${n}`,
        timestamp: at + n * 1_000,
        ...(flow !== undefined && { correlationId: flow }),
        ...(source !== undefined && { source }),
      },
    );
    text += `${event.toJsonl()}\n`;
  }
  return text;
}

export function numbersOf(json: string): unknown[] {
  return jsonLines<EventRecordJson>(json).map(({ payload }) => payload.n);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
