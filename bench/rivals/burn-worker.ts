import { parentPort } from 'node:worker_threads';
import { burn } from '../burn.ts';
import { seedOf } from '../cpu-tasks.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();
const port = parentPort!;

/** Its whole share in one message: nothing is dispatched while it works. */
port.on('message', ({ from, to }: { from: number; to: number }) => {
  for (let task = from; task < to; task++) tally.add(burn(seedOf(task)));
  port.postMessage(0);
});
