// `set` and `new Uint8Array(view)` copy shared memory a word at a time, each an atomic access of its own (the memory model
// asks it of them), which takes two to four times as long as a plain copy. `fill` with as many bytes as there is room for
// copies them plainly. Nobody else touches the bytes meanwhile, and a READY or a cursor is stored after them.

/** Below it a call of `fill` costs more than the slower copy. */
const LARGE = 4096;

/** Copies into shared memory. */
export function writeBytes(target: Buffer, source: Uint8Array, offset: number): void {
  if (source.length < LARGE) target.set(source, offset);
  else target.fill(source, offset, offset + source.length);
}

/** Copies out of shared memory. */
export function readBytes(source: Buffer, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = source.subarray(start, end);
  if (bytes.length < LARGE) return new Uint8Array(bytes);
  // Not from Buffer's own pool, since it goes to user code.
  const target = Buffer.allocUnsafeSlow(bytes.length);
  target.fill(bytes);
  return new Uint8Array(target.buffer);
}
