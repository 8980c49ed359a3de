/** The demo's events and what they carry. Types, not interfaces: a payload is a plain record. */

/** `file.found`, emitted once per file by main.ts. */
export type FileFound = {
  path: string;
  bytes: number;
  /** Set on one file of the run: the lines handler never comes back from it. */
  trap: boolean;
};

/** `file.compressed`, emitted by handlers/compress.ts on its thread. */
export type FileCompressed = {
  path: string;
  bytes: number;
  brotliBytes: number;
  sha256: string;
  /** How long the handler ran. */
  ms: number;
};

/** `file.counted`, emitted by handlers/lines.ts on its thread. */
export type FileCounted = {
  path: string;
  extension: string;
  lines: number;
  ms: number;
};

/** `file.stuck`, the last thing the lines handler says before it hangs. */
export type FileStuck = {
  /** Of the `file.found` that it hangs on. */
  eventId: string;
  path: string;
  /** Milliseconds since the epoch. */
  deadline: number;
};
