import { EventBus } from '../bus.ts';
import { messageOf } from '../codec.ts';
import { DeadLetterQueue } from '../dead-letters/queue.ts';
import { retryInOrder } from '../dead-letters/retry-order.ts';
import { Redactor } from '../redact/redactor.ts';
import type { EventBusOptions, FailedEvent } from '../types.ts';
import { type LetterQuery, letterFilter } from './dead-letter-list.ts';
import { plural } from './figures.ts';
import { type HandlerOption, subscribeAll } from './handlers.ts';
import { Interrupt } from './interrupt.ts';
import { describeLock } from './lock-holder.ts';
import { clip, printable, type Terminal } from './terminal.ts';

const SHOWN = 10;
const MAX_MESSAGE = 160;

/** Without a limit of its own: opening a file must not evict what is in it. Throws DeadLetterFileError. */
function openQueue(path: string): DeadLetterQueue {
  try {
    return new DeadLetterQueue({ path, maxSize: Number.MAX_SAFE_INTEGER });
  } catch (error) {
    throw describeLock(path, error);
  }
}

export function purgeLetters(
  file: string,
  query: LetterQuery,
  yes: boolean,
  json: boolean,
  terminal: Terminal,
): number {
  const filter = letterFilter(query);
  const queue = openQueue(file);
  try {
    const found = queue.getAll().filter(filter);
    const missing = query.ids.filter((id) => queue.get(id) === undefined);
    for (const id of missing) terminal.note(`there is no dead letter ${printable(id)}`);
    if (!yes) {
      terminal.note(`nothing was removed: --yes removes ${found.length} of ${plural(queue.size(), 'dead letter')}`);
      return 2;
    }
    for (const { id } of found) queue.remove(id);
    if (json) terminal.json({ removed: found.length, left: queue.size() });
    else terminal.say(`${plural(found.length, 'dead letter')} removed, ${queue.size()} left`);
    return missing.length === 0 ? 0 : 1;
  } finally {
    queue.close();
  }
}

export interface RetryPlan {
  readonly file: string;
  /** Empty: all. */
  readonly ids: readonly string[];
  readonly handlers: readonly HandlerOption[];
  readonly maxRetries: number;
  readonly bus: EventBusOptions;
  readonly redact: boolean;
  readonly json: boolean;
}

interface RetryResult {
  readonly succeeded: string[];
  readonly failed: { readonly id: string; readonly error: string }[];
  /** Retried so often that they are left alone. */
  readonly exhausted: string[];
  /** Not begun: interrupted. */
  left: number;
}

export async function retryLetters(plan: RetryPlan, terminal: Terminal): Promise<number> {
  const queue = openQueue(plan.file);
  const redactor = plan.redact ? { redactor: new Redactor() } : {};
  const bus = new EventBus({ ...plan.bus, ...redactor, deadLetterQueue: queue });
  const interrupt = new Interrupt(() => terminal.note('stopping: those under way finish; Ctrl-C again ends at once'));
  try {
    subscribeAll(bus, plan.handlers);
    await bus.ready();
    const result: RetryResult = { succeeded: [], failed: [], exhausted: [], left: 0 };
    for (const id of plan.ids) {
      if (queue.get(id) === undefined) result.failed.push({ id, error: 'there is no such dead letter' });
    }
    const letters = queue.getAll().reverse();
    const chosen = plan.ids.length === 0 ? letters : letters.filter(({ id }) => plan.ids.includes(id));
    await retryAll(bus, queue, chosen, plan.maxRetries, interrupt.signal, result);
    // What handlers emitted may have failed in its turn, and then is in the queue as well.
    await bus.waitForPending({ timeoutMs: Number.POSITIVE_INFINITY });
    await bus.shutdown();
    report(result, queue.size(), plan.json, terminal);
    return result.failed.length + result.exhausted.length + result.left === 0 ? 0 : 1;
  } finally {
    await bus.shutdown();
    queue.close();
    interrupt.end();
  }
}

async function retryAll(
  bus: EventBus,
  queue: DeadLetterQueue,
  letters: readonly FailedEvent[],
  maxRetries: number,
  signal: AbortSignal,
  result: RetryResult,
): Promise<void> {
  const waiting: FailedEvent[] = [];
  for (const letter of letters) {
    if (letter.retryCount >= maxRetries) result.exhausted.push(letter.id);
    else waiting.push(letter);
  }
  let begun = 0;
  await retryInOrder(waiting, async ({ id }) => {
    if (signal.aborted) return;
    begun++;
    try {
      if (await queue.retry(id, bus)) result.succeeded.push(id);
      else result.failed.push({ id, error: lastError(queue.get(id)) });
    } catch (error) {
      result.failed.push({ id, error: messageOf(error) });
    }
  });
  result.left = waiting.length - begun;
}

function lastError(letter: FailedEvent | undefined): string {
  return letter === undefined ? 'it is gone' : `${letter.reason}: ${letter.error.name}: ${letter.error.message}`;
}

function report(result: RetryResult, size: number, json: boolean, terminal: Terminal): void {
  if (json) {
    terminal.json({ ...result, size });
    return;
  }
  const { succeeded, failed, exhausted, left } = result;
  terminal.say(`${plural(succeeded.length, 'dead letter')} retried with success, ${size} left in the file`);
  if (failed.length > 0) terminal.say(terminal.paint('red', `${failed.length} failed`));
  for (const { id, error } of failed.slice(0, SHOWN))
    terminal.say(clip(`  ${printable(id)} ${printable(error)}`, MAX_MESSAGE));
  if (failed.length > SHOWN) terminal.say(`  and ${failed.length - SHOWN} more`);
  if (exhausted.length > 0) terminal.say(`${exhausted.length} left alone: retried often enough, see --max-retries`);
  if (left > 0) terminal.say(`${left} not begun: interrupted`);
}
