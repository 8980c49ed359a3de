import type { Chart, Unit } from './results.ts';

/** What one repetition of a side measured: single figures, or samples and series. */
export type Figures = Readonly<Record<string, number | readonly number[]>>;

export interface Setup {
  /** Handler threads; every side gets as many. */
  readonly threads: number;
  /** Correctness is what counts, figures need not be steady. */
  readonly quick: boolean;
  /** Bytes of an event's payload as JSON, where the command line says so. */
  readonly size?: number;
  /** Events per second for the open-loop load, where the command line says so. */
  readonly rate?: number;
  /** The settings that were found to be best for this side; without it one with a choice takes its first. */
  readonly variant?: readonly string[];
}

/** One contender, alive in a child process of its own. */
export interface Side {
  /** What it is and with which settings, where that is not plain from its name. */
  readonly note?: string;
  /** Measures for about so long. Throws when work was lost or done wrongly. */
  run(ms: number): Promise<Figures>;
  close(): Promise<void>;
}

export type OpenSide = ((setup: Setup) => Promise<Side>) & {
  /** Finds out which of its settings suit this machine; such a side is opened with one of them, in a fresh process. */
  readonly choose?: (setup: Setup) => Promise<readonly string[]>;
};

/** The figures of all repetitions, as the rows of the table read them. */
export interface Rounds {
  /** The single figure of each repetition, in the order they ran. */
  each(side: string, figure: string): number[];
  /** The samples of all repetitions together. */
  samples(side: string, figure: string): number[];
  /** The array of each repetition. */
  series(side: string, figure: string): (readonly number[])[];
}

/** A figure with how far single repetitions lay from it. */
export interface Measured {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Row {
  readonly name: string;
  readonly unit: Unit;
  /** Without a target: which way is better. Default more for ×, less for others. */
  readonly better?: 'more' | 'less';
  /** Whose figure it is; the scenario's first side without it. */
  readonly side?: string;
  /** The side it is compared with; of which kind that is stands in roles.ts. */
  readonly versus?: string;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  measure(rounds: Rounds): Measured;
  /** The figures behind it, for people. */
  absolute(rounds: Rounds): string;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Loaded in the child process alone, so that no side carries the modules of another. */
  readonly sides: Readonly<Record<string, () => Promise<OpenSide>>>;
  readonly rows: readonly Row[];
  readonly charts?: readonly Chart[];
  /** How long one repetition of one side measures. */
  readonly runMs: number;
  readonly quickMs: number;
  /** How long each side runs unmeasured before the first repetition. */
  readonly warmUpMs: number;
  /** What of the command line it heeds. */
  readonly takes?: readonly ('size' | 'rate')[];
  /** A new process for each repetition, without warm-up: for what happens once in the life of a process. */
  readonly fresh?: boolean;
  /** No more than so many, where one takes long and tells all. */
  readonly mostRepetitions?: number;
  readonly execArgv?: readonly string[];
}
