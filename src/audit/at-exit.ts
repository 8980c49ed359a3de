/** What must be closed before the process, or the thread this is in, ends. */
interface Closable {
  closeAtExit(): void;
}

const open = new Set<Closable>();

/** One listener for all: Node warns of many. */
function closeAll(): void {
  for (const log of open) log.closeAtExit();
}

export function closeAtExit(log: Closable): void {
  if (open.size === 0) process.on('exit', closeAll);
  open.add(log);
}

export function forgetAtExit(log: Closable): void {
  open.delete(log);
  if (open.size === 0) process.off('exit', closeAll);
}
