import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openSegments, type RotationClock } from '../../src/audit/segments.ts';
import { segmentPath } from '../../src/audit-format.ts';
import { removeRotated, rotateFiles } from '../../workers/audit-rotate.ts';
import { tests } from '../helpers.ts';
import { folder, upTo } from './helpers.ts';

const test = tests('audit segments');

const { existsSync, writeFileSync, renameSync, readSync, readFileSync } = fs;

/** What a reader asks of the file system; something may happen before each call. */
const CALLS = ['readdirSync', 'statSync', 'openSync', 'fstatSync'] as const;

let happen: (() => void) | undefined;
for (const call of CALLS) {
  const original = fs[call] as (...args: unknown[]) => unknown;
  (fs as unknown as Record<string, unknown>)[call] = (...args: unknown[]): unknown => {
    const now = happen;
    happen = undefined;
    now?.();
    happen ??= now;
    return original(...args);
  };
}
syncBuiltinESMExports();

/** A log of so many files, each of which holds its number in the order in which they were written. */
class Files implements RotationClock {
  readonly path: string = join(folder(), 'events.jsonl');
  readonly maxFiles: number;
  written = 0;
  #clock = 0;
  #half: (() => void) | undefined;

  constructor(count: number, maxFiles: number) {
    this.maxFiles = maxFiles;
    this.#write();
    while (this.written < count) this.rotate();
  }

  now(): number {
    return this.#clock;
  }
  wait(): void {
    this.#half?.();
  }

  rotate(): void {
    this.#half?.();
    this.#clock++;
    rotateFiles(this.path, this.maxFiles);
    this.#clock++;
    this.#write();
  }

  /** Up to the middle of a rotation; what comes next finishes it. */
  rotateHalf(): void {
    this.#half?.();
    this.#clock++;
    let free = 1;
    while (existsSync(segmentPath(this.path, free))) free++;
    const steps = Array.from({ length: free }, (_, i) => free - i);
    const step = (number: number): void =>
      renameSync(segmentPath(this.path, number - 1), segmentPath(this.path, number));
    for (const number of steps.splice(0, free >> 1)) step(number);
    this.#half = () => {
      this.#half = undefined;
      for (const number of steps) step(number);
      this.#clock++;
      this.#write();
    };
  }

  clear(): void {
    this.#clock++;
    removeRotated(this.path);
    this.#clock++;
  }

  /** As a reader sees them: newest first. */
  async read(clock: RotationClock = this): Promise<number[]> {
    const seen: number[] = [];
    for await (const fd of openSegments(this.path, clock)) {
      const bytes = Buffer.alloc(16);
      seen.push(Number(bytes.toString('latin1', 0, readSync(fd, bytes, 0, 16, 0))));
    }
    return seen;
  }

  #write(): void {
    if (!existsSync(this.path)) writeFileSync(this.path, String(this.written++));
  }
}

/** Each file that was there at the beginning, once, newest first; those rotated in meanwhile may come before them. */
function isWhole(seen: readonly number[], count: number): boolean {
  return seen.length >= count && seen.every((file, i) => file === seen.length - 1 - i);
}

/** Reads with `what` happening before each call from number `at` on, every so many calls; says how many calls there were. */
async function readWith(files: Files, what: () => void, at: number, every: number, clock?: RotationClock) {
  let calls = 0;
  let left = 40;
  happen = () => {
    if (calls++ >= at && (calls - at) % every === 0 && left-- > 0) what();
  };
  try {
    return { seen: await files.read(clock), calls };
  } finally {
    happen = undefined;
  }
}

const COUNT = 24;
for (const [name, step] of [
  ['whole rotations', (files: Files) => files.rotate()],
  ['halves of rotations', (files: Files) => files.rotateHalf()],
] as const) {
  test(`${name} before any call of the reader: no file is missed, none is read twice`, async () => {
    for (const every of [1, 3, 1_000]) {
      for (let at = 0; ; at += 1 + (at >> 2)) {
        const files = new Files(COUNT, 1_000);
        const { seen, calls } = await readWith(files, () => step(files), at, every);
        assert.ok(isWhole(seen, COUNT), `from call ${at}, every ${every}: ${seen.join()}`);
        if (at > calls) break;
      }
    }
  });
}

test('without the clock the same rotations do harm', async () => {
  let wrong = 0;
  for (let at = 0; at < 100; at++) {
    const files = new Files(COUNT, 1_000);
    const { seen } = await readWith(files, () => files.rotate(), at, 1, { now: () => 0, wait: () => {} });
    if (!isWhole(seen, COUNT)) wrong++;
  }
  assert.ok(wrong > 0);
});

test('files that are overwritten while others are read are missing at the end only', async () => {
  for (const every of [1, 2, 5]) {
    for (let at = 0; at < 80; at += 3) {
      const files = new Files(30, 29);
      const { seen } = await readWith(files, () => files.rotate(), at, every);
      for (let i = 1; i < seen.length; i++) assert.is(seen[i], seen[i - 1]! - 1, `${seen.join()}`);
      assert.ok(seen.length > 0);
    }
  }
});

test('a clear in the middle ends it', async () => {
  for (let at = 0; at < 60; at += 7) {
    const files = new Files(COUNT, 1_000);
    const { seen } = await readWith(files, () => files.clear(), at, 1_000);
    assert.ok(seen.length >= 1 && seen.length <= COUNT);
    assert.equal(
      seen,
      upTo(seen.length).map((i) => COUNT - 1 - i),
    );
  }
});

test('numbers that are free, and no file at all', async () => {
  const files = new Files(20, 1_000);
  for (const number of [0, 3, 4, 19]) fs.unlinkSync(segmentPath(files.path, number));
  assert.equal(await files.read(), [18, 17, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.equal(await new Files(0, 1).read(), [0]);
});

test('no descriptor is left open, whatever became of the reading', async () => {
  const files = new Files(COUNT, 1_000);
  const free = (): number => {
    const fd = fs.openSync(files.path, 'r');
    fs.closeSync(fd);
    return fd;
  };
  const before = free();
  await files.read();
  for await (const fd of openSegments(files.path, files)) if (readFileSync(fd).length > 0) break;
  await readWith(files, () => files.rotate(), 0, 1);
  happen = () => {
    throw Object.assign(new Error('made up'), { code: 'EIO' });
  };
  await files.read().then(
    () => assert.unreachable(),
    () => {},
  );
  happen = undefined;
  assert.is(free(), before);
});

test.run();
