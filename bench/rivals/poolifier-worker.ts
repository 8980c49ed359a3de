import { type TaskFunction, ThreadWorker } from 'poolifier';
import * as tasks from './tasks.ts';

// It has a default function as well, the first, which nothing calls.
const worker: ThreadWorker = new ThreadWorker({ ...tasks } as unknown as Record<
  string,
  TaskFunction<unknown, unknown>
>);
export default worker;
