import type { SealPayload } from '../audit-format.ts';
import type { RedactorConfig } from '../redact/redactor.ts';
import type { AuditFault, AuditFsync } from './messages.ts';

export interface AuditOptions {
  readonly path: string | URL;
  /** A file is rotated before it would grow beyond this; a single larger line has a file of its own. @default none */
  readonly maxLogSizeBytes?: number;
  /** Rotated files kept. @default 5 */
  readonly maxLogFiles?: number;
  /** @default 'rotate' */
  readonly fsync?: AuditFsync;
  readonly redactor?: RedactorConfig;
  /** Lines between two seals, true for 1_000; off without it. */
  readonly seal?: boolean | number;
  /** Where the worker files are, if not beside the library. */
  readonly workersUrl?: URL;
  /** A power of two. @default 8_388_608 */
  readonly ringBytes?: number;
}

export interface AuditHooks {
  /** Lines can't be written for now, or some were lost. The log goes on trying by itself. */
  fault?(fault: AuditFault): void;
  /** Writing goes on after a fault that lasted `downMs`. */
  recovered?(info: { code: string; downMs: number }): void;
  /** After an `append` that was refused: there is room again. */
  roomAgain?(): void;
  /** What was the log's file is a rotated one now. */
  rotated?(): void;
  /** A seal is in the file. */
  sealed?(seal: SealPayload): void;
}

/** What only tests change. */
export interface AuditInternals {
  /** The worker's entry point. */
  readonly writer?: URL;
  /** The ring's first position. */
  readonly ringStart?: number;
  readonly countAtOnceBytes?: number;
}

export interface AuditStats {
  /** Lines accepted and not yet in the file. */
  lag_events: number;
  /** Lines accepted that are in the file. */
  lines: number;
  /** Bytes written. */
  bytes: number;
  rotations: number;
  errors: number;
  /** Audit workers that died or got stuck and were replaced. */
  restarts: number;
  /**
   * Lines that the log has taken, with what it held at opening; accepted ones count at once. What a log of more than 32 MiB
   * held is counted in the background, about a second for a gigabyte, and until then as far as that has come.
   */
  total_events_logged: number;
  /** Bytes of the active file. */
  log_file_size: number;
  /** Lines that the last `read` could make nothing of. */
  damaged_lines: number;
}
