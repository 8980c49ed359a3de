import { type StormEvent, StormHandler } from '../storm.ts';

const handler = new StormHandler();

/** Marks its event, or never returns. */
export default function storm(event: StormEvent): void {
  handler.handle(event);
}
