import { parentPort } from 'node:worker_threads';
import type { Order } from '../events.ts';
import { ThreadTally } from '../tally.ts';

const tally = new ThreadTally();
const port = parentPort!;

// One answer per event, so that the sender knows of each that it was handled.
port.on('message', (message: Order | string) => {
  tally.add((typeof message === 'string' ? (JSON.parse(message) as Order) : message).amount);
  port.postMessage(0);
});
