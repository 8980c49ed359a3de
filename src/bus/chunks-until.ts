import { Readable } from 'node:stream';

type Source = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * What the source gives until it ends or the signal aborts. An abort is not kept waiting by a source that gives nothing;
 * a Readable is destroyed then.
 */
export async function* chunksUntil(source: Source, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
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

async function leave(
  source: Source,
  iterator: AsyncIterator<unknown> | Iterator<unknown>,
  signal: AbortSignal,
): Promise<void> {
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
