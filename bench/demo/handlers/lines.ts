import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { BusEvent, HandlerContext } from '../../../src/worker.ts';
import type { FileCounted, FileFound, FileStuck } from '../events.ts';

/** The light handler. On one file of the run it has a bug. */
export default function onFile(event: BusEvent<FileFound>, context: HandlerContext): void {
  const { path, trap } = event.payload;
  if (trap) hang(event, context);
  context.emit('file.counted', countLines(path));
}

export function countLines(path: string): FileCounted {
  const started = performance.now();
  const content = readFileSync(path);
  let lines = 0;
  for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) lines++;
  return { path, extension: extname(path), lines, ms: performance.now() - started };
}

/** Deaf to context.signal, and no promise to time out: only the end of its thread ends it. */
function hang({ eventId, payload }: BusEvent<FileFound>, context: HandlerContext): never {
  const stuck: FileStuck = { eventId, path: payload.path, deadline: Date.now() + context.remainingMs() };
  context.emit('file.stuck', stuck);
  for (;;);
}
