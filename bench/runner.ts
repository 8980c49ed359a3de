import { setTimeout as sleep } from 'node:timers/promises';
import { idleShare } from './machine.ts';
import type { Progress } from './progress.ts';
import type { Figures, Rounds, Scenario, Setup } from './scenario.ts';
import { SideProcess } from './side-process.ts';
import { shuffle } from './statistics.ts';

export interface ScenarioResult {
  readonly scenario: Scenario;
  /** Per side, its figures in each repetition. */
  readonly figures: Readonly<Record<string, readonly Figures[]>>;
  readonly notes: Readonly<Record<string, string>>;
  /** The part of the machine that nobody used just before it began, 0 to 1. */
  readonly idleBefore: number;
  /** Why there are no figures. */
  readonly error?: string;
}

export interface RunOptions extends Setup {
  readonly repetitions: number;
  readonly random: () => number;
}

/**
 * Runs one scenario: each side in a process of its own and warm, then repetition by repetition all sides one after the
 * other, in an order that is shuffled anew each time. Nothing else of the bench runs meanwhile.
 */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  progress: Progress,
): Promise<ScenarioResult> {
  const idleBefore = await idleShare();
  const sides = Object.keys(scenario.sides);
  const figures: Record<string, Figures[]> = Object.fromEntries(sides.map((side) => [side, []]));
  const notes: Record<string, string> = {};
  const standing = new Map<string, SideProcess>();
  const ms = options.quick ? scenario.quickMs : scenario.runMs;
  const setup = { threads: options.threads, quick: options.quick };

  const start = async (side: string): Promise<SideProcess> => {
    const process = await SideProcess.open(scenario, side, setup);
    standing.set(side, process);
    if (process.note !== undefined) notes[side] = process.note;
    return process;
  };
  const stop = async (side: string): Promise<void> => {
    await standing.get(side)!.close();
    standing.delete(side);
  };

  try {
    if (scenario.fresh !== true) {
      for (const side of sides) {
        progress.step(`${scenario.name}: ${side} warms up`);
        const process = await start(side);
        await warmUp(process, options.quick, options.quick ? ms : scenario.warmUpMs);
      }
    }
    for (let repetition = 1; repetition <= options.repetitions; repetition++) {
      progress.step(`${scenario.name}: repetition ${repetition} of ${options.repetitions}`);
      for (const side of shuffle(sides, options.random)) {
        if (scenario.fresh === true) await start(side);
        figures[side]!.push(await standing.get(side)!.run(ms));
        if (scenario.fresh === true) await stop(side);
      }
    }
    for (const side of sides) if (standing.has(side)) await stop(side);
    return { scenario, figures, notes, idleBefore };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { scenario, figures, notes, idleBefore, error: text };
  } finally {
    for (const process of standing.values()) process.kill();
  }
}

/**
 * In two halves with a pause: in it pools give their threads back, sides wait like this for their turn, and what that
 * changes in optimised code is to be over before anything is measured.
 */
async function warmUp(process: SideProcess, quick: boolean, ms: number): Promise<void> {
  await process.run(ms / 2);
  if (quick) return;
  await sleep(PAUSE_MS);
  await process.run(ms / 2);
}

const PAUSE_MS = 1_500;

/** The figures as rows read them. Throws when a side has no such figure. */
export function roundsOf({ scenario, figures }: ScenarioResult): Rounds {
  const all = (side: string, figure: string): (number | readonly number[])[] =>
    figures[side]!.map((one) => {
      const value = one[figure];
      if (value === undefined) throw new Error(`${scenario.name}: ${side} has no figure ${figure}`);
      return value;
    });
  return {
    each: (side, figure) => all(side, figure).map(Number),
    samples: (side, figure) => all(side, figure).flat(),
  };
}
