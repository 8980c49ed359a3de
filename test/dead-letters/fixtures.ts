import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeadLetterQueue, type DeadLetterQueueOptions, EventBus } from '../../src/index.ts';

export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ganglion-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A bus whose handler `name` fails until `healed`. */
export async function failing(
  options: DeadLetterQueueOptions,
  use: (bus: EventBus, dlq: DeadLetterQueue) => Promise<void>,
  name = 'flaky',
  handle: () => void = () => {
    throw new Error('no for user@example.com');
  },
): Promise<void> {
  const dlq = new DeadLetterQueue(options);
  const bus = new EventBus({ deadLetterQueue: dlq });
  try {
    bus.subscribe(handle, 'x', { name });
    await use(bus, dlq);
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
    dlq.close();
  }
}
