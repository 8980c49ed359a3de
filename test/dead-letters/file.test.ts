import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { BusEvent, DeadLetterFileError, DeadLetterQueue, EventBus, SubscriptionGoneError } from '../../src/index.ts';
import { inFolder, tests } from '../helpers.ts';
import { failing } from './fixtures.ts';

const test = tests('dead letter file');

test('survives a restart: entries, retries, removals, evictions; what is read back can be retried by its name', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'made', 'dead.jsonl');
    let ids: string[] = [];
    await failing({ path, maxSize: 3 }, async (bus, dlq) => {
      for (const n of [1, 2, 3, 4, 5])
        await bus.emitAndWait('x', { n }, { body: new Uint8Array([n]), correlationId: 'c' });
      const [five, four] = dlq.getAll().map(({ id }) => id);
      assert.is(await dlq.retry(five!, bus), false);
      dlq.remove(four!);
      ids = dlq.getAll().map(({ id }) => id);
    });
    assert.is(statSync(path).mode & 0o777, 0o600);
    const seen: unknown[] = [];
    await failing({ path: pathToFileURL(path) }, async (bus, dlq) => {
      assert.equal(
        dlq.getAll().map(({ id }) => id),
        ids,
      );
      const [five] = dlq.getAll();
      assert.equal([five!.retryCount, five!.attempts.length, five!.reason], [1, 2, 'handler_error']);
      assert.equal(five!.event.payload, { n: 5 });
      assert.equal([five!.event.correlationId, [...five!.event.body!]], ['c', [5]]);
      assert.not(five!.incomplete);
      const other = new EventBus({ deadLetterQueue: dlq });
      const gone = await dlq.retry(ids[0]!, other).catch((error: unknown) => error);
      assert.ok(SubscriptionGoneError.is(gone), 'on a bus without a subscription of that name');
      await other.shutdown();
      bus.subscribe((event, { attempt }) => void seen.push([event.payload.n, attempt, event.body?.[0]]), 'x', {
        name: 'healed',
      });
      assert.equal((await dlq.retryAll(bus)).failed, [...ids].reverse());
    });
    await failing(
      { path },
      async (bus, dlq) => {
        assert.is(dlq.size(), 2);
        assert.equal((await dlq.retryAll(bus)).succeeded.length, 2);
      },
      'flaky',
      () => void seen.push('healed'),
    );
    assert.equal(seen, ['healed', 'healed']);
    assert.is(new DeadLetterQueue({ path }).size(), 0);
  }));

test('damaged lines are skipped and counted, a torn last line does not swallow the next', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    await failing({ path }, async (bus) => {
      await bus.emitAndWait('x', { n: 1 });
      await bus.emitAndWait('x', { n: 2 });
    });
    const [first, second] = readFileSync(path, 'utf8').trimEnd().split('\n');
    writeFileSync(path, `${first}\nnot json\n{"letter":{}}\n[]\nnull\n${second}\n${first!.slice(0, 80)}`);
    await failing({ path }, async (bus, dlq) => {
      assert.is(dlq.size(), 2);
      assert.is(dlq.getStats().file!.damagedLines, 5);
      await bus.emitAndWait('x', { n: 3 });
    });
    const dlq = new DeadLetterQueue({ path });
    assert.equal(
      dlq.getAll().map(({ event }) => event.payload.n),
      [3, 2, 1],
    );
    assert.is(dlq.getStats().file!.damagedLines, 0, 'the file was written anew');
    dlq.close();
  }));

test('a file of something else is refused and left as it is, an audit log for instance', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'events.jsonl');
    const event = new BusEvent('x', {}).toJsonl();
    for (const text of [`${event}\n`.repeat(1_500), `${event}\n${event}`, 'notes\n', '\0\n\0']) {
      writeFileSync(path, text);
      assert.throws(
        () => new DeadLetterQueue({ path }),
        (error: unknown) => DeadLetterFileError.is(error) && /no line of it is a dead letter/.test(error.message),
      );
      assert.is(readFileSync(path, 'utf8'), text);
      assert.not(existsSync(`${path}.lock`));
    }
    // The first letter of all, torn by a kill.
    writeFileSync(path, '{"letter":{"id"');
    const dlq = new DeadLetterQueue({ path });
    assert.equal([dlq.size(), dlq.getStats().file!.damagedLines], [0, 1]);
    dlq.close();
  }));

test('what has not the form of a letter is damaged; an error or attempt of another form costs no letter', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    await failing({ path }, (bus) => bus.emitAndWait('x', { n: 1 }).then(() => {}));
    const { letter, event } = JSON.parse(readFileSync(path, 'utf8')) as { letter: object; event: object };
    const line = (changed: object): string => JSON.stringify({ letter: { ...letter, ...changed }, event });
    const deep = JSON.parse(`${'{"name":"E","message":"m","cause":'.repeat(50)}null${'}'.repeat(50)}`) as object;
    const damaged = [{ id: 1 }, { reason: null }, { handler_name: 5 }, { timestamp: 1e300 }, { retry_count: 'x' }];
    const odd = [{ error: null }, { error: 'hidden' }, { error: deep }, { attempts: [null, { at: {}, error: 1 }] }];
    const kept = [...odd, { ordering_key: 7 }].map((changed, n) => ({ ...changed, id: `odd${n}` }));
    writeFileSync(path, `${[...damaged, ...kept].map(line).join('\n')}\n`);
    const dlq = new DeadLetterQueue({ path });
    try {
      assert.is(dlq.getStats().file!.damagedLines, damaged.length);
      const entries = dlq.getAll();
      assert.equal(
        entries.map(({ id }) => id),
        ['odd4', 'odd3', 'odd2', 'odd1', 'odd0'],
      );
      for (const { error, attempts, orderingKey, timestamp } of entries) {
        assert.type(error.message, 'string');
        assert.is(orderingKey, null);
        for (const attempt of attempts) {
          assert.type(attempt.error.message, 'string');
          assert.ok(attempt.at <= timestamp);
        }
      }
      assert.is(dlq.get('odd1')!.error.message, 'hidden');
      assert.is(dlq.get('odd3')!.attempts.length, 2);
    } finally {
      dlq.close();
    }
  }));

test('an entry that is retried again and again in vain: its attempts and its file stay bounded', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    let attempt = 0;
    const handle = (): never => {
      throw Object.assign(new Error(`no ${++attempt}`), { stack: '' });
    };
    await failing(
      { path },
      async (bus, dlq) => {
        await bus.emitAndWait('x', {});
        const { id } = dlq.getAll()[0]!;
        for (let n = 0; n < 1_200; n++) assert.is(await dlq.retry(id, bus), false);
        const { attempts, retryCount } = dlq.get(id)!;
        assert.is(retryCount, 1_200);
        assert.equal(
          [attempts.length, attempts[0]!.error.message, attempts[1]!.error.message, attempts.at(-1)!.error.message],
          [100, 'no 1', 'no 1103', 'no 1201'],
        );
        const lines = readFileSync(path, 'utf8').split('\n').length;
        assert.ok(lines < 1_100, `${lines} lines for one entry`);
      },
      'flaky',
      handle,
    );
  }));

test('the newest entry’s time, when newer ones have gone', () =>
  inFolder(async (folder) => {
    await failing({ path: join(folder, 'dead.jsonl') }, async (bus, dlq) => {
      for (const n of [1, 2, 3]) await bus.emitAndWait('x', { n });
      const [third, second, first] = dlq.getAll();
      dlq.remove(third!.id);
      dlq.remove(second!.id);
      assert.is(dlq.getStats().newestTimestamp, first!.timestamp);
      dlq.clear();
      assert.is(dlq.getStats().newestTimestamp, null);
    });
  }));

test('is written anew when most of its lines have no effect any more', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    await failing({ path, maxSize: 5 }, async (bus, dlq) => {
      for (let n = 0; n < 1_200; n++) await bus.emitAndWait('x', { n });
      const lines = readFileSync(path, 'utf8').split('\n').length;
      assert.ok(lines < 1_100, `${lines} lines for ${dlq.size()} entries`);
    });
    const dlq = new DeadLetterQueue({ path });
    assert.equal(
      dlq.getAll().map(({ event }) => event.payload.n),
      [1199, 1198, 1197, 1196, 1195],
    );
    assert.not(existsSync(`${path}.new`));
    dlq.close();
  }));

test('a later queue of this process takes the file over; another process is refused', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    const link = join(folder, 'link.jsonl');
    await failing({ path }, async (bus, first) => {
      await bus.emitAndWait('x', { n: 1 });
      symlinkSync(path, link);
      const second = new DeadLetterQueue({ path: link });
      assert.is(second.size(), 1);
      await bus.emitAndWait('x', { n: 2 });
      assert.is(first.size(), 2);
      second.remove(second.getAll()[0]!.id);
      const code = `import { DeadLetterQueue } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
        try { new DeadLetterQueue({ path: ${JSON.stringify(path)} }); } catch (error) { process.stdout.write(error.code); }`;
      assert.is((await node(code)).output, DeadLetterFileError.code);
      second.close();
      const third = new DeadLetterQueue({ path });
      assert.is(third.size(), 0, 'only the second one wrote');
      third.close();
    });
  }));

test('a file that can not be opened: DeadLetterFileError', () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, 'dead.jsonl'));
    assert.throws(
      () => new DeadLetterQueue({ path: join(folder, 'dead.jsonl') }),
      (error: unknown) => DeadLetterFileError.is(error),
    );
  }));

test('kill -9 in the middle of failures: what was in the queue is in the file', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    const code = `import { DeadLetterQueue, EventBus } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
      const dlq = new DeadLetterQueue({ path: ${JSON.stringify(path)} });
      const bus = new EventBus({ deadLetterQueue: dlq });
      bus.subscribe(() => { throw new Error('no'); }, 'x', { name: 'flaky' });
      for (let n = 1; ; n++) {
        await bus.emitAndWait('x', { n });
        if (n === 100) process.stdout.write('go');
      }`;
    const { child } = start(code);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const dlq = new DeadLetterQueue({ path });
    assert.ok(dlq.size() >= 100);
    assert.ok(dlq.getStats().file!.damagedLines <= 1);
    for (const [i, { event }] of dlq.getAll().entries()) assert.is(event.payload.n, dlq.size() - i);
    dlq.close();
  }));

function start(code: string): { child: ChildProcessByStdio<null, Readable, null>; output: () => string } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += String(data)));
  return { child, output: () => text };
}

async function node(code: string): Promise<{ output: string }> {
  const { child, output } = start(code);
  await new Promise((resolve) => child.once('close', resolve));
  return { output: output() };
}

test.run();
