import { monotonicMs } from '../clock.ts';
import { type Delivery, failure } from '../delivery/pending.ts';
import { WorkerExitError } from '../errors.ts';
import { cellDelivery, cellStart, loadCell, takeCell } from '../ring/cells.ts';
import { CELL_RUNNING, stateOf, THREAD } from '../ring/layout.ts';
import { FailureReason } from '../types.ts';
import type { Completions } from './completions.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { HandlerThread } from './handler-thread.ts';

/** What a dead thread had begun and left open. */
interface Remains {
  /** Each once, though it may stand in a cell and in a slot; with its start, 0 where that is not known. */
  readonly started: ReadonlyMap<Delivery, number>;
  /** Its handler, or a continuation of it, was on the stack. */
  readonly onStack: Delivery | undefined;
  /** It was being taken out of its slot. */
  readonly opening: Delivery | undefined;
}

/**
 * Takes back what a thread held when it ended: what it wrote is read, what it had claimed is READY again, the delivery
 * that ended it fails as worker_exit, and whatever else had started runs again or fails, as its subscription says.
 * `exited`: false while the thread may still be in native code; what it holds RUNNING in the ring is left alone then.
 */
export function recoverThread(
  thread: HandlerThread,
  exited: boolean,
  dispatcher: Dispatcher,
  completions: Completions,
): void {
  if (exited) completions.drainDead(thread);
  else completions.drain(thread);
  const culprit = Atomics.load(thread.memory.words, THREAD.CULPRIT);
  const remains = takeRemains(thread, exited, dispatcher);
  // Who ended it: main, for a deadline that is settled already; the delivery that the thread named, which may be settled
  // by its own record; else, as with out of memory, the one on its stack.
  const named = thread.killed || culprit !== 0;
  const all = [...remains.started.keys()];
  const guilty = named
    ? all.find((delivery) => delivery.id === culprit)
    : (remains.onStack ?? remains.opening ?? (all.length === 1 ? all[0] : undefined));
  for (const [delivery, startedAt] of remains.started) {
    if (delivery === guilty) {
      const error = new WorkerExitError(
        `the thread of handler ${delivery.subscription.name} ended under it: it called process.exit, ran out of memory ` +
          '(resourceLimits) or crashed in native code',
      );
      const outcome = failure(FailureReason.WORKER_EXIT, error, startedAt, monotonicMs(), thread.nodeThreadId, true);
      dispatcher.settle(delivery, outcome);
      continue;
    }
    if (!named && guilty === undefined) delivery.suspicions++;
    dispatcher.redeliver(delivery, startedAt, thread.nodeThreadId);
  }
}

function takeRemains(thread: HandlerThread, exited: boolean, dispatcher: Dispatcher): Remains {
  const { memory } = thread;
  const executing = thread.executing();
  const started = new Map<Delivery, number>();
  let onStack: Delivery | undefined;
  for (let cell = 0; cell < memory.cellCount; cell++) {
    const word = loadCell(memory, cell);
    if (stateOf(word) !== CELL_RUNNING) continue;
    const startedAt = cellStart(memory, cell);
    const delivery = dispatcher.find(cellDelivery(memory, cell));
    if (!takeCell(memory, cell, word) || delivery === undefined) continue;
    if (startedAt === 0) {
      // Its module was still loading: no handler was called.
      dispatcher.resubmit(delivery, false);
      continue;
    }
    started.set(delivery, startedAt);
    if (cell + 1 === executing) onStack = delivery;
  }
  let opening: Delivery | undefined;
  for (const id of dispatcher.recover(thread.owner, exited)) {
    const delivery = dispatcher.find(id);
    if (delivery === undefined) continue;
    if (!started.has(delivery)) started.set(delivery, 0);
    opening = delivery;
  }
  return { started, onStack, opening };
}
