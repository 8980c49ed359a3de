import { EMIT_BURST, emitSide } from '../emit-bursts.ts';
import { EVENT_TYPE, type Order, orderAt } from '../events.ts';
import type { OpenSide } from '../scenario.ts';

const LINE_BYTES = 1024;

/** The least that an event log costs: the event's line by JSON.stringify, written into a Buffer. */
export const open: OpenSide = async () => {
  const buffer = Buffer.alloc(EMIT_BURST * LINE_BYTES);
  let count = 0;
  let sum = 0;
  let ends = new Uint32Array(EMIT_BURST);
  return emitSide('stringify and write', {
    emit: () => {
      let at = 0;
      for (let i = 0; i < EMIT_BURST; i++) {
        const line = JSON.stringify({
          event_type: EVENT_TYPE,
          payload: orderAt(i),
          timestamp: 1_760_000_000.125,
          event_id: '01jabcdefghjkmnpqrstvwxyz0',
          source: null,
          correlation_id: null,
        });
        at += buffer.write(line, at);
        ends[i] = at;
      }
    },
    settle: async () => {
      let from = 0;
      for (const end of ends) {
        sum += (JSON.parse(buffer.toString('utf8', from, end)) as { payload: Order }).payload.amount;
        count++;
        from = end;
      }
      ends = new Uint32Array(EMIT_BURST);
    },
    totals: () => ({ count, sum }),
    close: async () => {},
  });
};
