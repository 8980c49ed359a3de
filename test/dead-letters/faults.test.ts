import { spawn } from 'node:child_process';
import fs, {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { DeadLetterFileError, DeadLetterQueue } from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { failingOn } from './fixtures.ts';

const test = tests('dead letter file and a system that fails');

const withFile = (use: (path: string, folder: string) => Promise<void>): Promise<void> =>
  inFolder((folder) => use(join(folder, 'dead.jsonl'), folder));

/** As long as the disk is full, writes of this process get half of their bytes to the disk and fail. */
async function withFullDisk(use: (disk: { full: boolean }) => Promise<void>): Promise<void> {
  const { writeSync } = fs;
  const disk = { full: false };
  fs.writeSync = ((fd: number, bytes: Uint8Array, offset: number) => {
    if (!disk.full || fd <= 2) return writeSync(fd, bytes, offset);
    writeSync(fd, bytes, offset, (bytes.length - offset) >> 1);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
  try {
    await use(disk);
  } finally {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
}

const numbers = (dlq: DeadLetterQueue): unknown[] => dlq.getAll().map(({ event }) => event.payload.n);

/** A queue of failures, some of which came while the disk was full, as it still is. */
async function halfWritten(
  path: string,
  disk: { full: boolean },
  written: number[],
  lost: number[],
): Promise<DeadLetterQueue> {
  const dlq = new DeadLetterQueue({ path });
  await failingOn(dlq, async (bus) => {
    for (const n of written) await bus.emitAndWait('x', { n });
    disk.full = true;
    for (const n of lost) await bus.emitAndWait('x', { n });
  });
  return dlq;
}

/** What somebody finds who opens the file. */
function reread(path: string): { numbers: unknown[]; damaged: number } {
  const dlq = new DeadLetterQueue({ path });
  const found = { numbers: numbers(dlq), damaged: dlq.getStats().file!.damagedLines };
  dlq.close();
  return found;
}

test('a full disk: the queue goes on in memory, says so once, and the file is whole again once there is room', () =>
  withFile((path, folder) =>
    withFullDisk(async (disk) => {
      const warnings: Error[] = [];
      const warn = (warning: Error): void => void warnings.push(warning);
      process.on('warning', warn);
      const dlq = new DeadLetterQueue({ path });
      try {
        await failingOn(dlq, async (bus) => {
          await bus.emitAndWait('x', { n: 1 });
          disk.full = true;
          for (const n of [2, 3, 4]) assert.not((await bus.emitAndWait('x', { n })).ok);
          assert.equal(numbers(dlq), [4, 3, 2, 1]);
          assert.is(dlq.getStats().file!.errors, 1, 'not tried with every failure');
          assert.is(await dlq.retry(dlq.getAll()[0]!.id, bus), false);
          assert.equal(
            readdirSync(folder).filter((name) => name.endsWith('.new')),
            [],
            'no half draft takes up room',
          );
          const written = (): boolean => readFileSync(path, 'utf8').split('\n').length > 4;
          const mended = new Promise<void>((resolve) => {
            const watcher = watch(folder, () => {
              if (!written()) return;
              watcher.close();
              resolve();
            });
          });
          disk.full = false;
          await mended;
          await bus.emitAndWait('x', { n: 5 });
        });
      } finally {
        process.off('warning', warn);
        dlq.close();
      }
      assert.equal(
        warnings.map(({ message }) => message.includes(path) && /ENOSPC/.test(message)),
        [true],
      );
      assert.equal(reread(path), { numbers: [5, 4, 3, 2, 1], damaged: 0 });
    }),
  ));

test('a full disk that gets room just before the end: closing writes what is missing', () =>
  withFile((path) =>
    withFullDisk(async (disk) => {
      const dlq = await halfWritten(path, disk, [], [1, 2]);
      disk.full = false;
      dlq.close();
      assert.equal(reread(path), { numbers: [2, 1], damaged: 0 });
    }),
  ));

test('a full disk to the end: what is in the file is what fitted, and opening it works', () =>
  withFile((path) =>
    withFullDisk(async (disk) => {
      const dlq = await halfWritten(path, disk, [1], [2]);
      dlq.close();
      disk.full = false;
      assert.equal(reread(path), { numbers: [1], damaged: 1 });
      assert.equal(reread(path), { numbers: [1], damaged: 0 }, 'it was written anew');
    }),
  ));

test('a file that can not be opened again after it was written anew: nothing is closed twice, nothing is lost', () =>
  withFile((path) =>
    withFullDisk(async (disk) => {
      const dlq = await halfWritten(path, disk, [], [1]);
      disk.full = false;
      const { openSync } = fs;
      let refused = 0;
      fs.openSync = ((file: string, ...rest: [string, number]) => {
        if (file !== path) return openSync(file, ...rest);
        refused++;
        throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
      }) as typeof fs.openSync;
      syncBuiltinESMExports();
      try {
        dlq.close();
      } finally {
        fs.openSync = openSync;
        syncBuiltinESMExports();
      }
      assert.is(refused, 1);
      assert.equal(reread(path), { numbers: [1], damaged: 0 });
    }),
  ));

if (process.platform !== 'win32') {
  test('what stands where the file is drafted is neither followed nor made use of', () =>
    withFile(async (path, folder) => {
      const other = join(folder, 'other');
      writeFileSync(other, 'of somebody else');
      const dlq = new DeadLetterQueue({ path });
      await failingOn(dlq, async (bus) => void (await bus.emitAndWait('x', { n: 1 })));
      dlq.close();
      const torn = `${readFileSync(path, 'utf8')}{"letter":`;
      for (const put of [
        () => symlinkSync(other, `${path}.new`),
        () => {
          writeFileSync(`${path}.new`, '');
          chmodSync(`${path}.new`, 0o666);
        },
      ]) {
        writeFileSync(path, torn);
        put();
        assert.equal(reread(path), { numbers: [1], damaged: 1 });
        assert.equal(reread(path), { numbers: [1], damaged: 0 }, 'it was written anew');
        assert.is(readFileSync(other, 'utf8'), 'of somebody else');
        assert.is(statSync(path).mode & 0o777, 0o600);
      }
    }));

  test('a device is refused, which could be read without end', () =>
    withFile(async (path) => {
      symlinkSync('/dev/zero', path);
      assert.throws(
        () => new DeadLetterQueue({ path }),
        (error: unknown) => DeadLetterFileError.is(error) && /no regular file/.test(error.message),
      );
    }));
}

/** Opens the file, which has a torn last line and so is written anew, and is killed before call number `step` of that. */
function killedAt(path: string, step: number): Promise<NodeJS.Signals | null> {
  const index = new URL('../../src/index.js', import.meta.url).href;
  const code = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { DeadLetterQueue } from ${JSON.stringify(index)};
    let armed = false;
    let calls = 0;
    for (const name of ['openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync']) {
      const original = fs[name];
      fs[name] = (...args) => {
        if (name === 'openSync' && String(args[0]).endsWith('.new')) armed = true;
        if (armed && ++calls === ${step}) {
          // Half of a write may be on the disk.
          if (name === 'writeSync') original(args[0], args[1], 0, args[1].length >> 1);
          process.kill(process.pid, 'SIGKILL');
          for (;;);
        }
        return original(...args);
      };
    }
    syncBuiltinESMExports();
    new DeadLetterQueue({ path: ${JSON.stringify(path)} });
    if (!armed) process.exit(1);`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
    child.once('close', (exit, signal) => {
      if (exit === 1) reject(new Error('the file was not written anew'));
      else resolve(signal);
    });
  });
}

test(
  'kill -9 at any step of writing the file anew loses nothing',
  () =>
    withFile(async (path) => {
      const dlq = new DeadLetterQueue({ path });
      await failingOn(dlq, async (bus) => {
        for (const n of [1, 2, 3]) await bus.emitAndWait('x', { n });
      });
      dlq.close();
      const torn = `${readFileSync(path, 'utf8')}{"letter":`;
      let steps = 0;
      for (let signal: NodeJS.Signals | null = 'SIGKILL'; signal !== null; ) {
        writeFileSync(path, torn);
        signal = await killedAt(path, ++steps);
        const found = reread(path);
        assert.equal(found.numbers, [3, 2, 1], `killed before call ${steps}`);
        assert.ok(found.damaged <= 1);
        assert.equal(reread(path), { numbers: [3, 2, 1], damaged: 0 });
      }
      // The draft's open, three writes, fsync and close; the rename; the old file's close and the new one's open.
      assert.ok(steps > 9, `${steps - 1} steps`);
      assert.not(existsSync(`${path}.new`));
    }),
  120_000,
);

test.run();
