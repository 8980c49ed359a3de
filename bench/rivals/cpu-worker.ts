import { parentPort } from 'node:worker_threads';
import { taskAt } from '../cpu-tasks.ts';
import { WORK, type WorkName } from '../cpu-work.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();
const port = parentPort!;

export interface Share {
  readonly work: WorkName;
  /** Every `step`th task from `first` on. */
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Its whole share in one message: nothing is dispatched while it works. */
port.on('message', ({ work, first, step, count }: Share) => {
  for (let i = first; i < count; i += step) tally.add(WORK[work].run(taskAt(work, i).input));
  port.postMessage(0);
});
