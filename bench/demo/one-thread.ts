import { compress } from './handlers/compress.ts';
import { countLines } from './handlers/lines.ts';
import type { FoundFile } from './walk.ts';

const SAMPLE_FILES = 400;

export interface OneThread {
  files: number;
  bytes: number;
  seconds: number;
  /** Every so manieth file of the run, ordered by size, is in the sample. */
  stride: number;
}

/** The same work without a bus, one file after the other on this thread; on a sample, for the whole would take too long. */
export function measureOneThread(files: readonly FoundFile[]): OneThread {
  const stride = Math.ceil(files.length / SAMPLE_FILES);
  // Ordered by size, so that the sample has small and large files in the run's own proportion.
  const sample = files.toSorted((a, b) => a.bytes - b.bytes).filter((_, i) => i % stride === Math.floor(stride / 2));
  const started = performance.now();
  let bytes = 0;
  let done = 0;
  for (const { path } of sample) {
    try {
      bytes += compress(path).bytes;
      countLines(path);
      done++;
    } catch {
      // Unreadable: the run has reported it as a failure of its handler.
    }
  }
  return { files: done, bytes, seconds: (performance.now() - started) / 1000, stride };
}
