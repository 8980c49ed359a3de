// Work that is worth a thread, the same on every side: each task gives a number, which is known beforehand.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';
import { burn } from './burn.ts';

/** Text files that every checkout has after npm install, of 1 to 300 KB: the declarations of Node's own modules. */
const FOLDER: URL = new URL('../../node_modules/@types/node/', import.meta.url);
const MOST_FILES = 64;
/** Of 11: what servers commonly use for what they compress on the fly. */
const BROTLI_QUALITY = 5;

/** poolifier's public benchmark against other pools has 1,000, all tasks submitted at once: github.com/poolifier/benchmark. */
const FACTORIAL_OF = 1000;
/** Factorials are compared by what remains of them. */
const PRIME = 1_000_000_007n;

function factorial(n: number): number {
  let product = 1n;
  for (let i = 2n; i <= BigInt(n); i++) product *= i;
  return Number(product % PRIME);
}

let files: readonly URL[] | undefined;

function fileAt(i: number): URL {
  files ??= readdirSync(FOLDER)
    .filter((name) => name.endsWith('.d.ts'))
    .sort()
    .slice(0, MOST_FILES)
    .map((name) => new URL(name, FOLDER));
  return files[i % files.length]!;
}

function brotli(i: number): number {
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  return brotliCompressSync(readFileSync(fileAt(i)), { params }).length;
}

function sha256(i: number): number {
  return createHash('sha256')
    .update(readFileSync(fileAt(i)))
    .digest()
    .readUInt32BE();
}

export type WorkName = 'burn' | 'short' | 'factorial' | 'brotli' | 'sha256';

interface Work {
  /** So many different inputs, 0 … distinct-1. */
  readonly distinct: number;
  run(input: number): number;
}

export const WORK: Readonly<Record<WorkName, Work>> = {
  /** About 10 ms. */
  burn: { distinct: 8, run: (seed) => burn(seed) },
  /** About 50 µs. */
  short: { distinct: 64, run: (seed) => burn(seed, 30_000) },
  factorial: { distinct: 1, run: () => factorial(FACTORIAL_OF) },
  brotli: { distinct: MOST_FILES, run: brotli },
  sha256: { distinct: MOST_FILES, run: sha256 },
};

export interface CpuTask extends Record<string, unknown> {
  readonly work: WorkName;
  readonly input: number;
}
