import type { BusEvent } from './event.ts';
import type { FailureReason, Payload } from './types.ts';

/** Event types and their payloads: an interface or a type whose every value is an object. */
export type EventsShape<Events> = Record<keyof Events, object>;

export type EventName<Events> = Extract<keyof Events, string>;

/** What the bus raises itself; `*` doesn't see these, `system.*` does. */
export interface SystemEvents {
  'system.handler_error': {
    original_event_id: string;
    original_event_type: string;
    subscription_id: string;
    handler_name: string;
    reason: FailureReason;
    error: ErrorDescription;
  };
  'system.handler_late_error': {
    original_event_id: string | null;
    original_event_type: string | null;
    subscription_id: string | null;
    error: ErrorDescription;
  };
  'system.thread_restarted': {
    thread_id: number;
    /** Ended for a deadline, ended by itself, or replaced after so many events or so much memory. */
    reason: 'killed' | 'exited' | 'recycled';
  };
  /** More than 80 % of `maxPendingEvents` were pending, or, after that, no more than half. */
  'system.backpressure': { state: 'high' | 'low'; pending: number; max_pending_events: number };
  'system.handler_quarantined': {
    subscription_id: string;
    handler_name: string;
    failures: number;
    window_ms: number;
    pause_ms: number;
  };
  /** Lines can't be written to the audit log for now, or some were lost. */
  'system.audit_error': { code: string; message: string; attempts: number };
  /** A shutdown has begun. */
  'system.event_bus_shutdown': { pending: number; timeout_ms: number | null };
}

export interface ErrorDescription {
  name: string;
  message: string;
  code?: string | number;
}

type Glob = '*' | '?' | '[' | ']' | '{' | '}' | '(' | ')' | '!' | '+' | '@' | '\\';

/** What `subscribe` takes: a name of the map or of the bus itself, or any glob. */
export type PatternOf<Events> =
  | EventName<Events>
  | (string extends keyof Events ? never : keyof SystemEvents)
  | '*'
  | `${string}${Glob}${string}`;

type HasGlob<S extends string> = S extends `${string}${Glob}${string}` ? true : false;

type Alternatives<S extends string> = S extends `${infer First},${infer Rest}` ? First | Alternatives<Rest> : S;

/** The names that a pattern matches; for a glob that types can't follow, all of them. */
type Matching<Name extends string, Pattern extends string> = string extends Pattern
  ? Name
  : Pattern extends '*' | '**'
    ? Exclude<Name, keyof SystemEvents>
    : Pattern extends `${infer Head}.*`
      ? HasGlob<Head> extends true
        ? Name
        : Extract<Name, `${Head}.${string}`>
      : Pattern extends `*.${infer Tail}`
        ? HasGlob<Tail> extends true
          ? Name
          : Extract<Name, `${string}.${Tail}`>
        : Pattern extends `${infer Before}{${infer List}}${infer After}`
          ? Matching<Name, `${Before}${Alternatives<List>}${After}`>
          : HasGlob<Pattern> extends true
            ? Name
            : Extract<Name, Pattern>;

type WithSystem<Events> = string extends keyof Events ? Events : Events & Omit<SystemEvents, keyof Events>;

type Union<Events, Name extends string> = {
  [K in Name]: K extends keyof Events ? (Events[K] extends object ? BusEvent<Events[K], K> : never) : never;
}[Name];

/** The events that a pattern, or a union of patterns, stands for: one type per name, told apart by `eventType`. */
export type EventOf<Events, Pattern extends string = '*'> = string extends keyof Events
  ? Events extends Record<string, infer P extends object>
    ? BusEvent<P>
    : BusEvent<Payload>
  : Union<WithSystem<Events>, Matching<EventName<WithSystem<Events>>, Pattern>>;
