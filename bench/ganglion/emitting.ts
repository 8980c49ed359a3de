import type { EventBus } from '../../src/index.ts';
import { EMIT_BURST, emitSide } from '../emit-bursts.ts';
import { EVENT_TYPE, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';
import { Tally } from '../tally.ts';
import { accounted, settle } from './bus.ts';

/** Time inside `emit` alone, and in what is done beside each, on the bus that `open` makes for so many threads. */
export function emitting(
  name: string,
  open: (threads: number) => Promise<EventBus>,
  beside: () => void = () => {},
): OpenSide {
  return async ({ threads }) => {
    const tally = new Tally();
    const bus = await open(threads);
    const side = emitSide(name, {
      emit: () => {
        for (let i = 0; i < EMIT_BURST; i++) {
          beside();
          bus.emit(EVENT_TYPE, orderAt(i));
        }
      },
      settle: () => settle(bus),
      ...accounted(bus, tally),
    });
    return {
      ...side,
      run: (ms) => {
        tally.use();
        return side.run(ms);
      },
    };
  };
}
