import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { ConfigError } from '../errors.ts';

type Chunks = AsyncIterator<unknown> | Iterator<unknown>;

/**
 * What the source gives until it ends or the signal aborts. An abort is not kept waiting by a source that gives nothing;
 * a Readable is destroyed then. Throws ConfigError for what can't be iterated.
 */
export async function* chunksUntil(source: unknown, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
  const iterator = iteratorOf(source);
  // One listener for all chunks, and no promise that outlives them: an endless source must not grow memory.
  let abort = (): void => {};
  const aborted = (): void => abort();
  signal.addEventListener('abort', aborted, { once: true });
  let ended = false;
  try {
    while (!signal.aborted) {
      const next = await new Promise<IteratorResult<unknown> | undefined>((resolve, reject) => {
        abort = () => resolve(undefined);
        Promise.resolve(iterator.next()).then(resolve, (error: Error) => {
          ended = true;
          reject(error);
        });
      });
      if (next === undefined) return;
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    if (!ended) await leave(source, iterator, signal);
  }
}

function iteratorOf(source: unknown): Chunks {
  // Text and bytes are iterable, by what nobody means: they are one chunk.
  if (typeof source === 'string' || source instanceof Uint8Array) return [source].values();
  const { [Symbol.asyncIterator]: chunksLater, [Symbol.iterator]: chunks } = Object(source) as {
    [Symbol.asyncIterator]?: () => Chunks;
    [Symbol.iterator]?: () => Chunks;
  };
  const open = chunksLater ?? chunks;
  if (typeof open === 'function') return open.call(source);
  throw new ConfigError(`ingest takes what can be iterated, got ${inspect(source, { depth: 0 })}`);
}

async function leave(source: unknown, iterator: Chunks, signal: AbortSignal): Promise<void> {
  if (source instanceof Readable) {
    // Its iterator ends with an error then, which is nobody's any more.
    source.destroy();
    return;
  }
  const left = Promise.resolve(iterator.return?.());
  // One that waits for its own source would hold up the abort.
  if (signal.aborted) left.catch(() => {});
  else await left;
}
