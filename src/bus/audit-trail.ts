import { AuditLog, type AuditOptions, type AuditStats } from '../audit/log.ts';
import type { AuditFault } from '../audit/messages.ts';
import type { AuditQuery } from '../audit/query.ts';
import type { SealPayload } from '../audit-format.ts';
import type { PendingEvent } from '../delivery/pending.ts';
import { AUDIT_CHANNEL, type AuditMessage } from '../diagnostics.ts';
import { AuditWriteError, BackpressureError, BusClosedError } from '../errors.ts';
import type { BusEvent } from '../event.ts';
import { OverflowPolicy } from '../types.ts';

export interface AuditTrailHooks {
  /** `system.audit_error`. */
  fault(fault: AuditFault): void;
  roomAgain(): void;
  sealed?(seal: SealPayload): void;
}

/** The bus's use of its audit log: every accepted event is a line of it before its first handler is called. */
export class AuditTrail {
  readonly #log: AuditLog;
  readonly #policy: OverflowPolicy;
  readonly #blockTimeoutMs: number;

  /** Throws AuditLockedError, AuditOpenError. */
  constructor(options: AuditOptions, policy: OverflowPolicy, blockTimeoutMs: number, hooks: AuditTrailHooks) {
    this.#policy = policy;
    this.#blockTimeoutMs = blockTimeoutMs;
    this.#log = new AuditLog(options, {
      fault: (fault) => {
        this.#tell('error', new AuditWriteError(this.#log.path, fault.code, fault.message));
        hooks.fault(fault);
      },
      recovered: () => this.#tell('recovered'),
      rotated: () => this.#tell('rotated'),
      roomAgain: hooks.roomAgain,
      ...(hooks.sealed && { sealed: hooks.sealed }),
    });
    this.#tell('opened');
  }

  get hasRoom(): boolean {
    return this.#log.hasRoom;
  }

  /** `roomAgain` will be called. */
  wantRoom(): void {
    this.#log.wantRoom();
  }

  /** Applies the overflow policy to a log that is behind. False: the event is to be dropped. Throws BackpressureError, BusClosedError. */
  make(): boolean {
    if (this.#log.hasRoom) return true;
    if (this.#log.isOver) throw new BusClosedError('emit');
    if (this.#policy === OverflowPolicy.DROP) return false;
    if (this.#policy !== OverflowPolicy.BLOCK) {
      throw new BackpressureError(
        `the audit log is ${this.#log.stats().lag_events} lines behind, and has no room. Await emitAsync; getStats().audit ` +
          'says whether it can write',
        'audit',
      );
    }
    if (this.#log.blockForRoom(this.#blockTimeoutMs)) return true;
    throw new BackpressureError(
      `the audit log made no room in blockTimeoutMs=${this.#blockTimeoutMs}. getStats().audit says whether it can write`,
      'audit',
    );
  }

  /** Room was made before; what can't be refused (a thread's emit, the bus's own events) waits in memory. */
  record(event: PendingEvent): void {
    this.#log.appendOrWait(event.line(), event.body?.length);
  }

  /** A line of no accepted event. */
  recordLine(line: string): void {
    this.#log.appendOrWait(line);
  }

  ready(): Promise<void> {
    return this.#log.ready();
  }

  read(query: AuditQuery | undefined): Promise<BusEvent[]> {
    return this.#log.read(query);
  }

  clear(): Promise<boolean> {
    return this.#log.clear();
  }

  stats(): AuditStats {
    return this.#log.stats();
  }

  /** False: the time was over before everything was in the file. */
  async close(timeoutMs: number): Promise<boolean> {
    const flushed = await this.#log.close(timeoutMs);
    this.#tell('closed');
    return flushed;
  }

  #tell(change: AuditMessage['change'], error?: Error): void {
    if (!AUDIT_CHANNEL.hasSubscribers) return;
    AUDIT_CHANNEL.publish({ change, path: this.#log.path, ...(error && { error }) } satisfies AuditMessage);
  }
}
