import { EVENT_TYPE } from '../events.ts';
import { LatencyHistogram } from '../latency.ts';
import { latencySide } from '../latency-side.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { accounted, openBus } from './bus.ts';

const TIMED = new URL('../handlers/timed.js', import.meta.url);

/** `emit`, whose outcome nobody awaits. */
export const open: OpenSide = async (setup) => {
  const tally = new Tally();
  const histogram = new LatencyHistogram();
  const bus = await openBus(
    { maxConcurrentHandlers: setup.threads, maxPendingEvents: Number.POSITIVE_INFINITY },
    TIMED,
  );
  return latencySide('ganglion', setup, histogram, {
    send: (order) => {
      bus.emit(EVENT_TYPE, order);
    },
    pending: () => bus.getPendingCount(),
    ...accounted(bus, tally),
  });
};
