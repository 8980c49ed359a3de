// The process of one side: opens it, runs it when told, closes it.
import type { FromSide, ToSide } from './messages.ts';
import type { Side } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

let side: Side | undefined;

async function answer(message: ToSide): Promise<FromSide> {
  switch (message.type) {
    case 'open': {
      const scenario = scenarios.find(({ name }) => name === message.scenario)!;
      const load = scenario.sides[message.side]!;
      const open = await load();
      side = await open(message.setup);
      return { type: 'opened', ...(side.note === undefined ? {} : { note: side.note }) };
    }
    case 'run':
      return { type: 'ran', figures: await side!.run(message.ms) };
    case 'close':
      await side!.close();
      return { type: 'closed' };
  }
}

function send(message: FromSide): void {
  process.send?.(message);
}

process.on('message', (message: ToSide) => {
  answer(message).then(
    (result) => {
      send(result);
      if (result.type === 'closed') process.disconnect?.();
    },
    (error: unknown) => send({ type: 'failed', error: error instanceof Error ? String(error.stack) : String(error) }),
  );
});
