import { cpuSide, taskAt } from '../cpu-tasks.ts';
import type { WorkName } from '../cpu-work.ts';
import { EVENT_TYPE } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { accounted, CPU, openBus, settle } from './bus.ts';

/** One event per task, all emitted at once. */
export const cpuTasks =
  (works: readonly WorkName[]): OpenSide =>
  async ({ threads }) => {
    const tally = new Tally();
    const bus = await openBus({ maxConcurrentHandlers: threads }, CPU);
    return cpuSide('ganglion', threads, works, {
      work: async (work, count) => {
        for (let i = 0; i < count; i++) bus.emit(EVENT_TYPE, taskAt(work, i));
        await settle(bus);
      },
      ...accounted(bus, tally),
    });
  };
