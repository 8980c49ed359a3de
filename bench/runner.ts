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
  /** How long one repetition measures, where the command line says so. */
  readonly seconds?: number;
  readonly random: () => number;
}

/** Between the two halves of a warm-up a side rests at least so long. */
const PAUSE_MS = 1_500;
/** Sides of a quick run at a time: it measures nothing that others could disturb. */
const QUICK_AT_A_TIME = 2;

/**
 * Runs one scenario: each side in a process of its own and warm, then repetition by repetition all sides one after the
 * other, in an order that is shuffled anew each time. Nothing else of the bench runs meanwhile.
 */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  progress: Progress,
): Promise<ScenarioResult> {
  const run = new ScenarioRun(scenario, options, progress);
  const idleBefore = options.quick ? 1 : await idleShare();
  const { figures, notes } = run;
  try {
    if (options.quick) await run.quickly();
    else if (scenario.fresh === true) await run.afresh();
    else await run.warm();
    return { scenario, figures, notes, idleBefore };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { scenario, figures, notes, idleBefore, error: text };
  } finally {
    run.killAll();
  }
}

class ScenarioRun {
  readonly figures: Record<string, Figures[]> = {};
  readonly notes: Record<string, string> = {};
  readonly #scenario: Scenario;
  readonly #options: RunOptions;
  readonly #progress: Progress;
  readonly #sides: readonly string[];
  readonly #standing = new Map<string, SideProcess>();
  readonly #ms: number;

  constructor(scenario: Scenario, options: RunOptions, progress: Progress) {
    this.#scenario = scenario;
    this.#options = options;
    this.#progress = progress;
    this.#sides = Object.keys(scenario.sides);
    for (const side of this.#sides) this.figures[side] = [];
    const { seconds, quick } = options;
    this.#ms = seconds !== undefined ? seconds * 1000 : quick ? scenario.quickMs : scenario.runMs;
  }

  async warm(): Promise<void> {
    const { warmUpMs, name } = this.#scenario;
    const rested = new Map<string, number>();
    for (const side of this.#sides) {
      this.#progress.step(`${name}: ${side} warms up`);
      await this.#start(side, SideProcess.openBest);
      await this.#standing.get(side)!.run(warmUpMs / 2);
      rested.set(side, Date.now());
    }
    // In two halves with a pause: in it pools give their threads back, sides wait like this for their turn, and what
    // that changes in optimised code is to be over before anything is measured.
    for (const side of this.#sides) {
      await sleep(Math.max(0, rested.get(side)! + PAUSE_MS - Date.now()));
      await this.#standing.get(side)!.run(warmUpMs / 2);
    }
    for (let repetition = 1; repetition <= this.#options.repetitions; repetition++) {
      this.#progress.step(`${name}: repetition ${repetition} of ${this.#options.repetitions}`);
      for (const side of shuffle(this.#sides, this.#options.random)) await this.#measure(side);
    }
    for (const side of this.#sides) await this.#stop(side);
  }

  async afresh(): Promise<void> {
    const { random } = this.#options;
    const repetitions = Math.min(this.#options.repetitions, this.#scenario.mostRepetitions ?? Number.POSITIVE_INFINITY);
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      this.#progress.step(`${this.#scenario.name}: repetition ${repetition} of ${repetitions}`);
      for (const side of shuffle(this.#sides, random)) await this.#whole(side, 1);
    }
  }

  /** Without warm-up and without a choice of settings, a few sides beside each other. */
  async quickly(): Promise<void> {
    this.#progress.step(this.#scenario.name);
    const waiting = [...this.#sides];
    const next = async (): Promise<void> => {
      for (let side = waiting.shift(); side !== undefined; side = waiting.shift()) {
        await this.#whole(side, this.#options.repetitions).catch((error: unknown) => {
          waiting.length = 0;
          throw error;
        });
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: QUICK_AT_A_TIME }, next));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  killAll(): void {
    for (const process of this.#standing.values()) process.kill();
  }

  async #start(side: string, open: typeof SideProcess.open): Promise<void> {
    const { threads, quick, size, rate } = this.#options;
    const process = await open(this.#scenario, side, {
      threads,
      quick,
      ...(size === undefined ? {} : { size }),
      ...(rate === undefined ? {} : { rate }),
    });
    this.#standing.set(side, process);
    if (process.note !== undefined) this.notes[side] = process.note;
  }

  async #measure(side: string): Promise<void> {
    this.figures[side]!.push(await this.#standing.get(side)!.run(this.#ms));
  }

  async #stop(side: string): Promise<void> {
    await this.#standing.get(side)!.close();
    this.#standing.delete(side);
  }

  async #whole(side: string, repetitions: number): Promise<void> {
    await this.#start(side, SideProcess.open);
    for (let i = 0; i < repetitions; i++) await this.#measure(side);
    await this.#stop(side);
  }
}

/** The figures as rows read them. Throws when a side has no such figure. */
export function roundsOf({ scenario, figures }: Pick<ScenarioResult, 'scenario' | 'figures'>): Rounds {
  const all = (side: string, figure: string): (number | readonly number[])[] =>
    figures[side]!.map((one) => {
      const value = one[figure];
      if (value === undefined) throw new Error(`${scenario.name}: ${side} has no figure ${figure}`);
      return value;
    });
  return {
    each: (side, figure) => all(side, figure).map(Number),
    samples: (side, figure) => all(side, figure).flat(),
    series: (side, figure) => all(side, figure).map((value) => (typeof value === 'number' ? [value] : value)),
  };
}
