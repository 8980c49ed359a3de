import { EventBus } from '../../src/index.ts';
import { LatencyHistogram } from '../latency.ts';
import { mixedSide } from '../mixed.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { accounted, CPU } from './bus.ts';

const FAST = new URL('../handlers/timed.js', import.meta.url);

/** Both kinds on one bus; `limit`: how many of the slow ones may run at a time. */
function mixed(name: string, limit?: number): OpenSide {
  return async (setup) => {
    const tally = new Tally();
    const histogram = new LatencyHistogram();
    const bus = new EventBus({ maxConcurrentHandlers: setup.threads });
    bus.subscribe(FAST, 'fast');
    bus.subscribe(CPU, 'slow', limit === undefined ? {} : { concurrency: limit });
    await bus.ready();
    return mixedSide(name, setup, histogram, {
      fast: (order) => {
        bus.emit('fast', order);
      },
      slow: (task) => {
        bus.emit('slow', task);
      },
      pending: () => bus.getPendingCount(),
      ...accounted(bus, tally),
    });
  };
}

export const unlimited: OpenSide = mixed('ganglion');
export const limited: OpenSide = mixed('ganglion, slow ones one at a time', 1);
