import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../src/codec.ts';
import { currentScope } from '../src/correlation.ts';
import type { FromThread } from '../src/protocol.ts';
import { InFlight } from './in-flight.ts';

/** What the guard does with a fault that no handler call caught. */
export interface FaultSink {
  /** The delivery at fault is open: the thread ends for it. */
  crash(delivery: InFlight, error: unknown): void;
  /** The delivery that left it behind is settled, or there is none. */
  late(delivery: InFlight | undefined, error: unknown): void;
  /** The thread is about to end; the delivery that ends it, if any of the open ones. */
  exiting(delivery: InFlight | undefined): void;
}

let sink: FaultSink | undefined;
let port: MessagePort | undefined;

/** From here on faults of this Node thread go to `next`, also between leases, until the next one begins. */
export function guardWith(next: FaultSink): void {
  if (sink === undefined) watch();
  sink = next;
}

/** Where a panic is told; before anything of a lease can throw. */
export function panicTo(next: MessagePort): void {
  port = next;
}

/** The delivery whose async context this is, not the one that happens to run. */
function delivery(): InFlight | undefined {
  const found = currentScope()?.delivery;
  return found instanceof InFlight ? found : undefined;
}

function fault(error: unknown): void {
  const from = delivery();
  if (from === undefined || from.settled) sink?.late(from, error);
  else {
    sink?.crash(from, error);
    exit(1);
  }
}

const exit = process.exit.bind(process);

/**
 * An error of our own. Nothing throws outside a handler by design; if something does, the thread's state is not to be
 * trusted: it ends, and what it held is taken back.
 */
export function panic(error: unknown): never {
  try {
    // By main: a warning of this thread would come in a later turn, and there is none.
    port?.postMessage({ type: 'panic', message: messageOf(error) } satisfies FromThread);
  } catch {
    // Whatever broke the thread has broken this too.
  }
  // Names nobody: what it was about to start is the likeliest cause.
  return exit(1);
}

function watch(): void {
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
  process.exit = (code?: number | string | null): never => {
    const from = delivery();
    sink?.exiting(from === undefined || from.settled ? undefined : from);
    return exit(code);
  };
}
