import { parseArgs } from 'node:util';
import { SMALLEST_BYTES } from './events.ts';
import type { Scenario } from './scenario.ts';

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  readonly list: boolean;
  readonly help: boolean;
  readonly quick: boolean;
  /** Files. */
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly compare: string | undefined;
  readonly repetitions: number;
  readonly threads: number;
  readonly seconds: number | undefined;
  readonly rate: number | undefined;
  readonly size: number | undefined;
  readonly seed: number;
}

/** The command line was wrong; its message is for whoever typed it. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const DEFAULT_REPETITIONS = 5;
const DEFAULT_THREADS = 2;
const MOST_SECONDS = 100;
const MOST_BYTES = 16 * 1024 * 1024;

export const USAGE: string = `npm run bench -- [options]
  --scenario name[,name]  only these (--list shows them); may be repeated
  --list                  shows the scenarios and ends
  --quick                 checks that every scenario works, within a minute; figures mean little
  --json file             writes all figures to a file
  --html file             writes a report with charts to a file
  --compare file          against what --json has written: fails when a ratio is below 0.85 of what it was
  --repetitions n         of each side (${DEFAULT_REPETITIONS}; with --quick 1)
  --threads n             handler threads of every side, from 2 (${DEFAULT_THREADS})
  --seconds n             that one repetition of one side measures, where work is not fixed (each scenario's own)
  --rate n                events per second of open-loop load, in scenarios that have it (each scenario's own)
  --size n                bytes of an event's payload, in scenarios that heed it (250)
  --seed n                of the order in which sides take turns (random, and printed)
  --help                  shows this`;

/** Throws UsageError, which names the fault and what there is. */
export function readOptions(args: readonly string[], all: readonly Scenario[]): BenchOptions {
  const { values } = parse(args);
  const quick = values.quick === true;
  if (quick && values.compare !== undefined) {
    throw new UsageError('--compare needs figures that mean something: leave --quick out');
  }
  const scenarios = choose(values.scenario ?? [], all);
  for (const name of ['size', 'rate'] as const) {
    if (values[name] !== undefined) checkHeeded(name, scenarios, all);
  }
  return {
    scenarios,
    list: values.list === true,
    help: values.help === true,
    quick,
    json: values.json,
    html: values.html,
    compare: values.compare,
    repetitions: integer('repetitions', values.repetitions, 1, 1000) ?? (quick ? 1 : DEFAULT_REPETITIONS),
    threads: integer('threads', values.threads, 2, 256) ?? DEFAULT_THREADS,
    seconds: seconds(values.seconds),
    rate: integer('rate', values.rate, 1, 10_000_000),
    size: integer('size', values.size, SMALLEST_BYTES, MOST_BYTES),
    seed: integer('seed', values.seed, 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 2 ** 31),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string', multiple: true },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        html: { type: 'string' },
        compare: { type: 'string' },
        repetitions: { type: 'string' },
        threads: { type: 'string' },
        seconds: { type: 'string' },
        rate: { type: 'string' },
        size: { type: 'string' },
        seed: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function choose(names: readonly string[], all: readonly Scenario[]): readonly Scenario[] {
  const wanted = names.flatMap((list) => list.split(','));
  const unknown = wanted.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    throw new UsageError(`no scenario ${unknown.map((name) => `"${name}"`).join(', ')}; there are:\n${listOf(all)}`);
  }
  return wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
}

function checkHeeded(option: 'size' | 'rate', chosen: readonly Scenario[], all: readonly Scenario[]): void {
  const heeding = all.filter(({ takes }) => takes?.includes(option) === true);
  if (chosen.some((scenario) => heeding.includes(scenario))) return;
  throw new UsageError(`--${option} says nothing to the chosen scenarios; those that heed it:\n${listOf(heeding)}`);
}

export function listOf(all: readonly Scenario[]): string {
  const width = Math.max(0, ...all.map(({ name }) => name.length));
  return all.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n');
}

function integer(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, got "${text}"`);
}

function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= MOST_SECONDS) return value;
  throw new UsageError(`--seconds must be a number above 0 and up to ${MOST_SECONDS}, got "${text}"`);
}
