import type { WorkName } from '../cpu-work.ts';
import { digits } from '../format.ts';
import type { BarsChart } from '../results.ts';
import { compared } from '../rows.ts';
import type { Row, Scenario } from '../scenario.ts';
import { POOLS, poolSides } from './pools.ts';

const perSecond = (value: number): string => `${digits(value)} tasks/s`;

function row(work: WorkName, what: string, versus: string, atLeast?: number): Row {
  return compared({ name: what, versus, figure: `tasksPerSecond ${work}`, format: perSecond, atLeast });
}

const bars = (title: string, groups: BarsChart['groups']): BarsChart => ({
  kind: 'bars',
  title,
  unit: 'tasks/s',
  better: 'more',
  groups,
});

function sides(works: readonly WorkName[], pools: readonly string[], sameThread = true): Scenario['sides'] {
  const same = async () => (await import('../rivals/cpu-same-thread.ts')).cpuTasks(works);
  return {
    ganglion: async () => (await import('../ganglion/cpu-tasks.ts')).cpuTasks(works),
    ...poolSides('plain', pools, async (name, settings) =>
      (await import('../rivals/pool-sides.ts')).cpuTasks(name, works, settings),
    ),
    'raw workers': async () => (await import('../rivals/split-by-hand.ts')).cpuTasks(works),
    ...(sameThread ? { 'same thread': same } : {}),
  };
}

export const cpuOffload: Scenario = {
  name: 'cpu-offload',
  title: 'tasks of about 10 ms of arithmetic',
  runMs: 400,
  quickMs: 40,
  warmUpMs: 600,
  sides: sides(['burn'], [], false),
  rows: [row('burn', '10 ms CPU tasks vs the same split by hand over raw workers', 'raw workers', 0.97)],
};

export const cpuFiles: Scenario = {
  name: 'cpu-files',
  title: 'real files read, compressed with brotli and hashed with SHA-256',
  runMs: 300,
  quickMs: 40,
  warmUpMs: 400,
  sides: sides(['brotli', 'sha256'], ['piscina']),
  rows: [
    row('brotli', 'brotli of files vs piscina.run', 'piscina'),
    row('sha256', 'SHA-256 of files vs piscina.run', 'piscina'),
    row('brotli', 'brotli of files vs split by hand over raw workers', 'raw workers'),
    row('sha256', 'SHA-256 of files vs split by hand over raw workers', 'raw workers'),
    row('brotli', 'brotli of files vs the main thread alone', 'same thread'),
    row('sha256', 'SHA-256 of files vs the main thread alone', 'same thread'),
  ],
  charts: [
    bars('Real files per second', [
      { label: 'brotli', figure: 'tasksPerSecond brotli' },
      { label: 'SHA-256', figure: 'tasksPerSecond sha256' },
    ]),
  ],
};

export const cpuFactorial: Scenario = {
  name: 'cpu-factorial',
  title: 'BigInt factorials of 1,000, all handed over at once: the task of poolifier’s public benchmark',
  runMs: 250,
  quickMs: 40,
  warmUpMs: 400,
  sides: sides(['factorial'], Object.keys(POOLS)),
  rows: [
    ...Object.keys(POOLS).map((pool) => row('factorial', `factorial(1000) vs ${POOLS[pool]}`, pool)),
    row('factorial', 'factorial(1000) vs split by hand over raw workers', 'raw workers'),
    row('factorial', 'factorial(1000) vs the main thread alone', 'same thread'),
  ],
  charts: [bars('Factorials of 1,000 per second', [{ label: '', figure: 'tasksPerSecond factorial' }])],
};
