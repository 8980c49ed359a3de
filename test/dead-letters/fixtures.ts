import { DeadLetterQueue, type DeadLetterQueueOptions, EventBus } from '../../src/index.ts';

function failsFor(): never {
  throw new Error('no for user@example.com');
}

/** A bus over this queue whose handler `name` fails. */
export async function failingOn(
  dlq: DeadLetterQueue,
  use: (bus: EventBus) => Promise<void>,
  name = 'flaky',
  handle: () => void = failsFor,
): Promise<void> {
  const bus = new EventBus({ deadLetterQueue: dlq });
  try {
    bus.subscribe(handle, 'x', { name });
    await use(bus);
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
  }
}

/** … with a queue of its own, which is closed afterwards. */
export async function failing(
  options: DeadLetterQueueOptions,
  use: (bus: EventBus, dlq: DeadLetterQueue) => Promise<void>,
  name?: string,
  handle?: () => void,
): Promise<void> {
  const dlq = new DeadLetterQueue(options);
  try {
    await failingOn(dlq, (bus) => use(bus, dlq), name, handle);
  } finally {
    dlq.close();
  }
}
