import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { DeadLetterIncompleteError, DeadLetterQueue, type DeadLetterQueueOptions, EventBus } from '../../src/index.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { inFolder, tests } from '../helpers.ts';
import { failing } from './fixtures.ts';

const test = tests('dead letter file: redaction');

test('with a redactor nothing unredacted reaches the disk, and such an entry can not be retried as it is', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    const redactor = new Redactor();
    let clean = '';
    await failing({ path, redactor }, async (bus, dlq) => {
      await bus.emitAndWait('x', { to: 'user@example.com' }, { orderingKey: 'user@example.com' });
      await bus.emitAndWait('x', { n: 1 }, { body: Buffer.from('user@example.com') });
      await bus.emitAndWait('x', { n: 2 });
      const [newest, , oldest] = dlq.getAll();
      clean = newest!.id;
      assert.equal(oldest!.event.payload, { to: 'user@example.com' }, 'in memory it is the real one');
      assert.is(await dlq.retry(oldest!.id, bus), false, 'and runs again');
    });
    const text = readFileSync(path, 'utf8');
    assert.not.match(text, /user@example/);
    assert.not.match(text, new RegExp(Buffer.from('user@example.com').toString('base64')));
    await failing({ path, redactor }, async (bus, dlq) => {
      const [newest, middle, oldest] = dlq.getAll();
      assert.equal([newest!.incomplete, middle!.incomplete, oldest!.incomplete], [false, true, true]);
      for (const { id } of [middle!, oldest!]) {
        const refused = await dlq.retry(id, bus).catch((error: unknown) => error);
        assert.ok(DeadLetterIncompleteError.is(refused));
      }
      assert.is(await dlq.retry(clean, bus), false, 'nothing was redacted in this one: it is run');
      assert.is(dlq.get(clean)!.retryCount, 1);
    });
    await failing({ path: join(folder, 'raw.jsonl'), redactor, storeRaw: true }, async (bus) => {
      await bus.emitAndWait('x', { to: 'user@example.com' });
    });
    const raw = new DeadLetterQueue({ path: join(folder, 'raw.jsonl'), redactor, storeRaw: true });
    assert.equal([raw.getAll()[0]!.event.payload, raw.getAll()[0]!.incomplete], [{ to: 'user@example.com' }, false]);
    raw.close();
  }));

test('a redactor that hides keys of the file itself costs what stands under them, not the entry', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'dead.jsonl');
    const redactor = new Redactor({ redactKeys: ['attempts', 'error', 'ordering_key'] });
    await failing({ path, redactor }, (bus) => bus.emitAndWait('x', { n: 1 }, { orderingKey: 'k' }).then(() => {}));
    const dlq = new DeadLetterQueue({ path });
    const [entry] = dlq.getAll();
    assert.equal(
      [entry!.event.payload, entry!.attempts, entry!.error.message, dlq.getStats().file!.damagedLines],
      [{ n: 1 }, [], '[REDACTED]', 0],
    );
    dlq.close();
  }));

test("a bus's redactor covers the file too; the queue's own comes first, and storeRaw before both", () =>
  inFolder(async (folder) => {
    const secret = 'user@example.com';
    const hidden = async (name: string, options: DeadLetterQueueOptions): Promise<string> => {
      const path = join(folder, name);
      const dlq = new DeadLetterQueue({ ...options, path });
      const bus = new EventBus({ deadLetterQueue: dlq, redactor: new Redactor() });
      bus.subscribe(
        ({ payload }) => {
          throw new Error(`no for ${String(payload.to)}`);
        },
        'x',
        { name: 'flaky' },
      );
      await bus.emitAndWait('x', { to: secret });
      const [entry] = dlq.getAll();
      assert.is(entry!.event.payload.to, secret);
      assert.is(await dlq.retry(entry!.id, bus), false);
      await bus.shutdown();
      // One that knows no redactor writes on.
      const plain = new EventBus({ deadLetterQueue: dlq });
      await dlq.retry(entry!.id, plain).catch(() => {});
      dlq.remove('nothing');
      await plain.shutdown();
      dlq.close();
      return readFileSync(path, 'utf8');
    };
    assert.not.match(await hidden('bus', {}), /user@example/);
    const own = { redactLine: (line: string) => line.replaceAll(secret, 'OWN'), redact: (value: unknown) => value };
    const text = await hidden('own', { redactor: own });
    assert.match(text, /"to":"OWN"/);
    assert.match(await hidden('raw', { storeRaw: true }), /"to":"user@example/);
    const again = new DeadLetterQueue({ path: join(folder, 'bus') });
    assert.ok(again.getAll()[0]!.incomplete);
    again.close();
  }));

test.run();
