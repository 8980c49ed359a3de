import type { AuditTask } from '../src/audit/messages.ts';
import { Redactor } from '../src/redact/redactor.ts';
import { ERROR_TOKEN, UNSCANNABLE_TOKEN } from '../src/redact/rule.ts';

/** Redacts lines, and fails closed: a line whose redactor is broken keeps its envelope and nothing else. */
export class LineRedactor {
  readonly #redactor: Redactor | undefined;
  readonly enabled: boolean;

  constructor(config: AuditTask['redactor']) {
    this.enabled = config?.enabled === true;
    try {
      this.#redactor = config === undefined ? undefined : Redactor.fromConfig(config);
    } catch {
      this.#redactor = undefined;
    }
  }

  /** True: the line's bytes may go to the file as they are. False says nothing. */
  isClean(bytes: Uint8Array, from: number, to: number): boolean {
    if (!this.enabled) return true;
    try {
      return this.#redactor?.isCleanLine(bytes, from, to) === true;
    } catch {
      return false;
    }
  }

  redact(line: string): string {
    if (!this.enabled) return line;
    try {
      if (this.#redactor !== undefined) return this.#redactor.redactLine(line);
    } catch {
      // Its own failures come back as a token; this one is unforeseen.
    }
    return envelopeOnly(line, ERROR_TOKEN);
  }

  /** For a line that has stalled or killed the thread that searched it. */
  unscannable(line: string): string {
    return this.enabled ? envelopeOnly(line, UNSCANNABLE_TOKEN) : line;
  }
}

/** A token in place of everything that would have been searched. */
function envelopeOnly(line: string, token: string): string {
  try {
    const { event_type, timestamp, event_id, source, correlation_id } = JSON.parse(line) as Record<string, unknown>;
    const hide = (value: unknown): unknown => (value === null ? null : token);
    return JSON.stringify({
      event_type,
      payload: token,
      timestamp,
      event_id,
      source: hide(source),
      correlation_id: hide(correlation_id),
    });
  } catch {
    return JSON.stringify(token);
  }
}
