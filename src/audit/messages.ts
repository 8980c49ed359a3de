import type { SealPayload } from '../audit-format.ts';
import type { RedactorConfig } from '../redact/redactor.ts';

/** A line that is too large for the ring, in a buffer of its own. */
export interface AuditBulk {
  readonly key: number;
  readonly buffer: SharedArrayBuffer;
}

/** What the main thread gives an audit worker. */
export interface AuditTask {
  readonly memory: SharedArrayBuffer;
  /** Which of this log's workers it is; only the newest may touch the file. */
  readonly generation: number;
  readonly path: string;
  /** Touched now and then, as a sign of life. */
  readonly lock: string;
  /** Infinity: no rotation. */
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly fsync: AuditFsync;
  readonly redactor: RedactorConfig | undefined;
  /** Lines between two seals; 0: none. */
  readonly sealEvery: number;
  /** A log that holds more is counted while it is in use. */
  readonly countAtOnceBytes: number;
  /** Lines that a predecessor has not written. */
  readonly bulk: readonly AuditBulk[];
}

export type AuditFsync = 'none' | 'rotate' | 'batch';

/** Something that keeps lines from the file, or kept them from it. */
export interface AuditFault {
  /** Of the operating system (`ENOSPC`, `EIO`, `EACCES`, …), or `RENAMED`, `DELETED`, `TRUNCATED` for the file. */
  readonly code: string;
  readonly message: string;
  /** How often it has been tried in a row. */
  readonly attempts: number;
}

export type FromAudit =
  /** The file is open. */
  | { readonly type: 'up' }
  /** Lines were written, and main had armed the bell. */
  | { readonly type: 'progress' }
  | { readonly type: 'fault'; readonly fault: AuditFault }
  /** Writing goes on after a fault. */
  | { readonly type: 'recovered'; readonly code: string; readonly downMs: number }
  | { readonly type: 'rotated' }
  | { readonly type: 'seal'; readonly seal: SealPayload };
