import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lock. A process id alone says little: it is used again, and in containers it is often the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, as its system counts; '' where it can't be read. */
  readonly start: string;
  /** The machine's start, or its name where that can't be read. */
  readonly machine: string;
  /** The container's view of process ids, '' where there are none. */
  readonly namespace: string;
  /** One lock's own. */
  readonly nonce: string;
}

function read(what: () => string): string {
  try {
    return what();
  } catch {
    return '';
  }
}

const machine: string = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) || hostname();
const namespace: string = read(() => readlinkSync('/proc/self/ns/pid'));

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold anything, parentheses too. */
function startOf(pid: number): string {
  return read(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  });
}

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    start: startOf(process.pid),
    machine,
    namespace,
    nonce: randomBytes(6).toString('hex'),
  };
}

/** Undefined: it can't be told from here, as for a process in another container. */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  if (identity.machine !== machine || identity.namespace !== namespace) return undefined;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it is there and somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // The number may belong to another process by now.
  return identity.start === '' || startOf(identity.pid) === identity.start;
}
