export interface Progress {
  step(text: string): void;
  /** Takes the line away, so that other output can follow. */
  clear(): void;
}

/** One line that is written over on a terminal; plain lines elsewhere. */
export function openProgress(stream: NodeJS.WriteStream): Progress {
  const started = Date.now();
  const stamped = (text: string): string =>
    `[${String(Math.round((Date.now() - started) / 1000)).padStart(3)} s] ${text}`;
  if (!stream.isTTY) {
    return { step: (text) => void stream.write(`${stamped(text)}\n`), clear: () => {} };
  }
  const ERASE = '\r\u001b[2K';
  return {
    step: (text) => void stream.write(`${ERASE}${stamped(text).slice(0, stream.columns - 1)}`),
    clear: () => void stream.write(ERASE),
  };
}
