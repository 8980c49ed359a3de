import type { BusEvent } from '../../src/worker.ts';
import { type StormEvent, StormHandler } from '../storm.ts';

const handler = new StormHandler();

/** Marks its event, or never returns. */
export default function storm(event: BusEvent): void {
  handler.handle(event.payload as StormEvent);
}
