import { cpuSide, taskAt } from '../cpu-tasks.ts';
import { WORK, type WorkName } from '../cpu-work.ts';
import type { OpenSide } from '../scenario.ts';

/** What it takes without any thread. */
export const cpuTasks =
  (works: readonly WorkName[]): OpenSide =>
  async () => {
    let count = 0;
    let sum = 0;
    return cpuSide('the same thread', 1, works, {
      work: async (work, tasks) => {
        for (let i = 0; i < tasks; i++) {
          sum += WORK[work].run(taskAt(work, i).input);
          count++;
        }
      },
      totals: () => ({ count, sum }),
      close: async () => {},
    });
  };
