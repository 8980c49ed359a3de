import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';

const PROCESSES = '/proc';
const ACCESS_MODE = 3;
const READ_ONLY = 0;

/**
 * Whether another process has this very file open for writing, by whatever name. Only Linux tells, and only of processes
 * that this one may look into; false elsewhere.
 */
export function hasOtherWriter({ dev, ino }: Stats): boolean {
  return names(PROCESSES).some((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
    const folder = `${PROCESSES}/${pid}`;
    return names(`${folder}/fd`).some((fd) => {
      try {
        const open = statSync(`${folder}/fd/${fd}`);
        return open.ino === ino && open.dev === dev && accessOf(`${folder}/fdinfo/${fd}`) !== READ_ONLY;
      } catch {
        // Closed meanwhile, or not for us to see.
        return false;
      }
    });
  });
}

/** The line reads `flags:` and an octal number, see proc_pid_fdinfo(5). */
function accessOf(path: string): number {
  const [, flags = '0'] = /^flags:\s*([0-7]+)/m.exec(readFileSync(path, 'latin1')) ?? [];
  return Number.parseInt(flags, 8) & ACCESS_MODE;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
