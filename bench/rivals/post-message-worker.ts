import { parentPort, workerData } from 'node:worker_threads';

const tasks = (await import('./tasks.ts')) as unknown as Record<string, (input: unknown) => unknown>;
const port = parentPort!;
const task = tasks[workerData as string]!;

// One answer per event, so that the sender knows of each that it was handled.
port.on('message', (input: unknown) => {
  task(input);
  port.postMessage(0);
});
