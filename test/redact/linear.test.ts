import { createRequire } from 'node:module';
import * as assert from 'uvu/assert';
import { DEFAULT_RULES } from '../../src/redact/default-rules.ts';
import { tests } from '../helpers.ts';

// The backend in plain JavaScript: no download, no child process.
process.env.RECHECK_SYNC_BACKEND = 'pure';
const { checkSync } = createRequire(import.meta.url)('recheck') as typeof import('recheck');

const test = tests('redact/linear');
const DEADLINE_MS = 90_000;

/**
 * A shorter search than recheck's own, which takes minutes here. The limit on steps is what tells a square from a
 * line: 4,000 characters squared are four times as many, and a linear pattern needs a few hundred for each.
 */
const LIMITS = {
  timeout: DEADLINE_MS,
  attackTimeout: DEADLINE_MS,
  attackLimit: 4_000_000,
  maxAttackStringSize: 4_000,
  incubationLimit: 5_000,
  incubationTimeout: 2_000,
  maxIteration: 1,
  maxSeedSize: 40,
  maxGenerationSize: 30,
  crossoverSize: 5,
  mutationSize: 5,
} as const;

const complexity = (source: string, flags: string): string => {
  const { status } = checkSync(source, flags.replace('g', ''), LIMITS);
  return status;
};

test(
  'the check itself finds patterns that are not linear',
  () => {
    for (const [source, flags] of [
      ['^(?:a|a)*$', ''],
      [String.raw`\s+$`, ''],
      [String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`, ''],
      [String.raw`(?<![A-Z])"(?:[^"\\]|\\.)*"(?!x)`, 'i'],
    ] as const) {
      assert.is(complexity(source, flags), 'vulnerable', source);
    }
  },
  DEADLINE_MS,
);

for (const [i, { name, pattern }] of DEFAULT_RULES.entries()) {
  test(
    `${name} (${i}) is linear`,
    () => {
      assert.is(complexity(pattern.source, pattern.flags), 'safe');
    },
    DEADLINE_MS,
  );
}

test.run();
