import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';

export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  readonly list: boolean;
  readonly help: boolean;
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly repetitions: number;
  readonly threads: number;
  readonly seed: number;
}

/** The command line was wrong; its message is for whoever typed it. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const DEFAULT_REPETITIONS = 5;
const DEFAULT_THREADS = 2;

export const USAGE: string = `npm run bench -- [options]
  --scenario name[,name]  only these (--list shows them); may be repeated
  --list                  shows the scenarios and ends
  --quick                 checks that every scenario works, within a minute; figures mean little
  --json file             writes all figures to a file
  --repetitions n         of each side (${DEFAULT_REPETITIONS}; with --quick 1)
  --threads n             handler threads of every side, from 2 (${DEFAULT_THREADS})
  --seed n                of the order in which sides take turns (random, and printed)
  --help                  shows this`;

/** Throws UsageError, which names the fault and what there is. */
export function readOptions(args: readonly string[], all: readonly Scenario[]): BenchOptions {
  const { values } = parse(args);
  const quick = values.quick === true;
  return {
    scenarios: choose(values.scenario ?? [], all),
    list: values.list === true,
    help: values.help === true,
    quick,
    json: values.json,
    repetitions: integer('repetitions', values.repetitions, quick ? 1 : DEFAULT_REPETITIONS, 1, 1000),
    threads: integer('threads', values.threads, DEFAULT_THREADS, 2, 256),
    seed: integer('seed', values.seed, Math.floor(Math.random() * 2 ** 31), 0, 2 ** 32 - 1),
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
        repetitions: { type: 'string' },
        threads: { type: 'string' },
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

export function listOf(all: readonly Scenario[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n');
}

function integer(name: string, text: string | undefined, fallback: number, min: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, got "${text}"`);
}
