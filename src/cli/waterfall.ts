import type { BusEvent } from '../event.ts';
import { tellsOfError, timeText } from './event-text.ts';
import { milliseconds } from './figures.ts';
import { clip, fill, printable, type Style, widest } from './terminal.ts';

export interface Step {
  readonly event: BusEvent;
  /** 0: the flow's own; 1: tells of the one above it. */
  readonly depth: number;
  /** Since the flow's first event. */
  readonly offsetMs: number;
  /** What the log says of its length: the time until a failure of its handler was told. */
  readonly durationMs: number | undefined;
  readonly failed: boolean;
}

/** Payload keys by which the bus's own records name the event they tell of. */
interface Told {
  original_event_id?: unknown;
  handler_name?: unknown;
  reason?: unknown;
  error?: { name?: unknown; message?: unknown };
}

/** Events of one flow in the order of their time, what tells of one of them below it. */
export function stepsOf(events: readonly BusEvent[]): Step[] {
  // Within a millisecond their ids are in the order of emission, whichever way the log was read.
  const sorted = [...events].sort((a, b) => a.timestamp - b.timestamp || (a.eventId < b.eventId ? -1 : 1));
  const byId = new Map(sorted.map((event) => [event.eventId, event]));
  const originalOf = (event: BusEvent): BusEvent | undefined => {
    const { original_event_id: id } = told(event);
    return typeof id === 'string' && id !== event.eventId ? byId.get(id) : undefined;
  };
  const below = new Map<BusEvent, BusEvent[]>();
  const roots: BusEvent[] = [];
  for (const event of sorted) {
    const original = originalOf(event);
    // One level: what tells of a teller stands for itself, also where they tell of each other.
    if (original === undefined || originalOf(original) !== undefined) {
      roots.push(event);
      continue;
    }
    const siblings = below.get(original);
    if (siblings === undefined) below.set(original, [event]);
    else siblings.push(event);
  }
  const start = sorted[0]?.timestamp ?? 0;
  const steps: Step[] = [];
  for (const root of roots) {
    const children = below.get(root) ?? [];
    const end = children.at(-1)?.timestamp;
    steps.push({
      event: root,
      depth: 0,
      offsetMs: root.timestamp - start,
      // An event that was given its time may be later than what was told of it.
      durationMs: end === undefined || end < root.timestamp ? undefined : end - root.timestamp,
      failed: tellsOfError(root.eventType) || children.some(({ eventType }) => tellsOfError(eventType)),
    });
    for (const event of children) {
      const offsetMs = event.timestamp - start;
      steps.push({ event, depth: 1, offsetMs, durationMs: undefined, failed: tellsOfError(event.eventType) });
    }
  }
  return steps;
}

/** From its first event to its last. */
export function spanOf(steps: readonly Step[]): number {
  return steps.reduce((most, { offsetMs }) => Math.max(most, offsetMs), 0);
}

const MAX_TYPE = 48;
const MAX_NOTE = 200;

/** The flow as text: when, how long, where on the time line, what. */
export function waterfall(
  steps: readonly Step[],
  width: number,
  paint: (style: Style, text: string) => string,
): string[] {
  const span = spanOf(steps);
  const rows = steps.map((step) => {
    const { event, depth, offsetMs, durationMs, failed } = step;
    const type = `${'  '.repeat(depth)}${failed ? '✗' : '•'} ${clip(printable(event.eventType), MAX_TYPE)}`;
    return {
      offset: `+${milliseconds(offsetMs)}`,
      duration: durationMs === undefined ? '' : milliseconds(durationMs),
      lane: lane(offsetMs, durationMs, span, width, failed),
      type,
      note: note(step),
      failed,
    };
  });
  const offsets = widest(rows.map(({ offset }) => offset));
  const durations = widest(rows.map(({ duration }) => duration));
  const types = widest(rows.map(({ type }) => type));
  const begun = steps[0] === undefined ? [] : [`${timeText(steps[0].event.timestamp)} UTC`];
  return [
    ...begun,
    ...rows.map(({ offset, duration, lane, type, note, failed }) => {
      const style: Style = failed ? 'red' : 'cyan';
      const times = `${offset.padStart(offsets)}  ${duration.padStart(durations)}`;
      return `${times}  ${paint(style, lane)}  ${paint(style, fill(type, types))}  ${paint('dim', note)}`.trimEnd();
    }),
  ];
}

function lane(offsetMs: number, durationMs: number | undefined, span: number, width: number, failed: boolean): string {
  const at = (ms: number): number => (span === 0 ? 0 : Math.min(width - 1, Math.round((ms / span) * (width - 1))));
  const from = at(offsetMs);
  const to = durationMs === undefined ? from : at(offsetMs + durationMs);
  const mark = failed ? '✗' : '●';
  return `${'·'.repeat(from)}${mark}${'━'.repeat(to - from)}`.padEnd(width, '·');
}

function note({ event }: Step): string {
  const { handler_name: handler, reason, error } = told(event);
  const parts: string[] = [];
  if (typeof handler === 'string') parts.push(handler);
  if (typeof reason === 'string') parts.push(reason);
  if (typeof error?.message === 'string') parts.push(`${String(error.name)}: ${error.message}`);
  if (event.source !== null) parts.push(`from ${event.source}`);
  if (parts.length === 0) parts.push(event.eventId);
  return clip(printable(parts.join(' ')), MAX_NOTE);
}

/** A payload that could not be redacted is a text or null. */
function told(event: BusEvent): Told {
  const payload: unknown = event.payload;
  return typeof payload === 'object' && payload !== null ? payload : {};
}
