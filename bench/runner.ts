import { setTimeout as sleep } from 'node:timers/promises';
import { idleShare } from './machine.ts';
import type { Progress } from './progress.ts';
import type { Figures, Rounds, Row, Scenario, Setup } from './scenario.ts';
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
const PAUSE_MS = 1_200;
/** A rival that no row with a target needs measures for this part of the time, beside others that one needs. */
const LOOKED_AT = 0.5;
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
  readonly #setup: Setup;
  readonly #judged: ReadonlySet<string>;

  constructor(scenario: Scenario, options: RunOptions, progress: Progress) {
    this.#scenario = scenario;
    this.#options = options;
    this.#progress = progress;
    this.#sides = Object.keys(scenario.sides);
    for (const side of this.#sides) this.figures[side] = [];
    const { seconds, quick, threads, size, rate } = options;
    this.#setup = {
      threads,
      quick,
      ...(size === undefined ? {} : { size }),
      ...(rate === undefined ? {} : { rate }),
    };
    this.#ms = seconds !== undefined ? seconds * 1000 : quick ? scenario.quickMs : scenario.runMs;
    this.#judged = new Set(seconds !== undefined || quick ? this.#sides : judgedSides(scenario));
  }

  async warm(): Promise<void> {
    const { warmUpMs, name } = this.#scenario;
    const rested = new Map<string, number>();
    this.#progress.step(`${name}: sides are loaded`);
    const choices = new Map(
      await Promise.all(this.#sides.map(async (side) => [side, await this.#load(side)] as const)),
    );
    for (const side of this.#sides) {
      this.#progress.step(`${name}: ${side} warms up`);
      await this.#open(side, choices.get(side)! ? await this.#choose(side) : undefined);
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

  /** Resolves to whether it has a choice of settings. */
  #load(side: string): Promise<boolean> {
    const process = new SideProcess(this.#scenario, side);
    this.#standing.set(side, process);
    return process.load(this.#setup);
  }

  /** In the process that has been loaded, whose place another takes. */
  async #choose(side: string): Promise<readonly string[]> {
    const process = this.#standing.get(side)!;
    const variant = await process.choose(this.#setup);
    process.kill();
    await this.#load(side);
    return variant;
  }

  async #open(side: string, variant?: readonly string[]): Promise<void> {
    const process = this.#standing.get(side)!;
    await process.open(variant === undefined ? this.#setup : { ...this.#setup, variant });
    if (process.note !== undefined) this.notes[side] = process.note;
  }

  async #measure(side: string): Promise<void> {
    const ms = this.#judged.has(side) ? this.#ms : this.#ms * LOOKED_AT;
    this.figures[side]!.push(await this.#standing.get(side)!.run(ms));
  }

  async #stop(side: string): Promise<void> {
    await this.#standing.get(side)!.close();
    this.#standing.delete(side);
  }

  async #whole(side: string, repetitions: number): Promise<void> {
    await this.#load(side);
    await this.#open(side);
    for (let i = 0; i < repetitions; i++) await this.#measure(side);
    await this.#stop(side);
  }
}

/** The sides that rows are about, and those that rows with a target compare them with; all, where no row has one. */
function judgedSides({ rows, sides }: Scenario): string[] {
  const all = Object.keys(sides);
  const hasTarget = ({ atLeast, atMost }: Row): boolean => atLeast !== undefined || atMost !== undefined;
  if (!rows.some(hasTarget)) return all;
  return rows.flatMap((row) => {
    const { side = all[0]!, versus } = row;
    return versus !== undefined && hasTarget(row) ? [side, versus] : [side];
  });
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
