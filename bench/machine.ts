import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
  /** Over one minute, when the bench began. Always 0 on Windows. */
  readonly loadAtStart: number;
  readonly date: string;
}

/** Less idle time than this before anything was started: others are at work, and figures will be noisy. */
export const QUIET_IDLE = 0.9;

const LOOK_MS = 250;

export function machineFacts(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadAtStart: loadavg()[0]!,
    date: new Date().toISOString(),
  };
}

/** The part of all cores' time that nobody uses, looked at for a moment; 0 to 1. */
export async function idleShare(): Promise<number> {
  const before = cpuTimes();
  await sleep(LOOK_MS);
  const after = cpuTimes();
  const all = after.all - before.all;
  return all <= 0 ? 1 : (after.idle - before.idle) / all;
}

function cpuTimes(): { idle: number; all: number } {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.idle + times.user + times.sys + times.nice + times.irq;
  }
  return { idle, all };
}
