// What a side costs beside its speed, measured around its runs in its own process.
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Figures } from './scenario.ts';

/** How often the event loop is looked at: rarely enough to cost nothing. */
const RESOLUTION_MS = 10;
const MB = 1024 * 1024;

interface ThreadClock {
  threadCpuUsage?(): { user: number; system: number };
}

/** Runs `work`; its figures come with the CPU, event-loop delay and memory it took. See `BESIDE` for the names. */
export async function measureBeside(work: () => Promise<Figures>): Promise<Figures> {
  resetPeak();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const thread = threadCpuMs();
  const start = performance.now();
  const figures = await work();
  const elapsed = performance.now() - start;
  const threadAfter = threadCpuMs();
  const { active } = performance.eventLoopUtilization(loop);
  const { user, system } = process.cpuUsage(cpu);
  // A turn that ends when the work does is looked at, too.
  await new Promise((resolve) => setTimeout(resolve, 2 * RESOLUTION_MS));
  delay.disable();
  const main = thread === undefined || threadAfter === undefined ? active : threadAfter - thread;
  return {
    ...figures,
    mainCpuPercent: (main / elapsed) * 100,
    cpuPercent: ((user + system) / 1000 / elapsed) * 100,
    loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
    loopDelayMaxMs: delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
    peakRssMb: peakRss() / MB,
  };
}

/** CPU time of the calling thread; undefined where nothing tells it, and the loop's busy time has to stand for it. */
function threadCpuMs(): number | undefined {
  const usage = (process as ThreadClock).threadCpuUsage?.();
  if (usage !== undefined) return (usage.user + usage.system) / 1000;
  if (process.platform !== 'linux') return undefined;
  // The first number: nanoseconds on a core. The main thread's id is the process's.
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** So that the peak of one repetition is not that of the one before. */
function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Elsewhere, or not allowed: the peak is that of the process's life.
  }
}

function peakRss(): number {
  if (process.platform === 'linux') {
    const kb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (kb !== null) return Number(kb[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
