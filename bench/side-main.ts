// The process of one side: opens it, runs it when told, closes it.
import { measureBeside } from './beside.ts';
import { usePayloadBytes } from './events.ts';
import type { FromSide, ToSide } from './messages.ts';
import type { OpenSide, Setup, Side } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

let open: OpenSide | undefined;
let side: Side | undefined;

async function load(scenario: string, name: string, { size }: Setup): Promise<OpenSide> {
  if (size !== undefined) usePayloadBytes(size);
  return scenarios.find((one) => one.name === scenario)!.sides[name]!();
}

async function answer(message: ToSide): Promise<FromSide> {
  switch (message.type) {
    case 'load':
      open = await load(message.scenario, message.side, message.setup);
      return { type: 'loaded', choice: open.choose !== undefined };
    case 'choose':
      return { type: 'chosen', variant: await open!.choose!(message.setup) };
    case 'open': {
      side = await open!(message.setup);
      return { type: 'opened', ...(side.note === undefined ? {} : { note: side.note }) };
    }
    case 'run': {
      const running = side!;
      return { type: 'ran', figures: await measureBeside(() => running.run(message.ms)) };
    }
    case 'close':
      await side?.close();
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
