import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';
import type { BusEvent, HandlerContext } from '../../../src/worker.ts';
import type { FileCompressed, FileFound } from '../events.ts';

/** 10 of 11: some megabytes in a second on two cores. 11 takes three times as long, 9 spends its time in the kernel for memory. */
export const BROTLI_QUALITY = 10;

/** The CPU-heavy handler. It may block: it has its thread to itself. */
export default function onFile(event: BusEvent<FileFound>, context: HandlerContext): void {
  context.emit('file.compressed', compress(event.payload.path));
}

export function compress(path: string): FileCompressed {
  const started = performance.now();
  const content = readFileSync(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const { length: brotliBytes } = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  return { path, bytes: content.length, brotliBytes, sha256, ms: performance.now() - started };
}
