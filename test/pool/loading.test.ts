import * as assert from 'uvu/assert';
import type { Delivery } from '../../src/delivery/pending.ts';
import type { HandlerThread, ThreadRole } from '../../src/pool/handler-thread.ts';
import { Loading } from '../../src/pool/loading.ts';
import { Modules, type PoolModule } from '../../src/pool/modules.ts';
import type { ToThread } from '../../src/protocol.ts';
import { serializeError } from '../../src/serialized-error.ts';
import { tests } from '../helpers.ts';

const test = tests('loading of handler modules');

interface FakeThread {
  readonly name: string;
  role: ThreadRole;
  up: boolean;
  killed: boolean;
  readonly loading: Map<number, number>;
  /** Addresses that it was told to import. */
  readonly told: string[];
  post(message: ToThread): void;
}

function thread(name: string, role: ThreadRole, up = true): FakeThread {
  const told: string[] = [];
  const post = (message: ToThread): void => {
    if (message.type === 'load') told.push(...message.modules.map(({ href }) => href));
  };
  return { name, role, up, killed: false, loading: new Map(), told, post };
}

/** A pool's threads without threads: what is told to whom, and what is submitted when. */
function world(...threads: FakeThread[]) {
  const modules = new Modules();
  const events: string[] = [];
  const loading = new Loading(modules, 1_000, {
    threads: () => threads as unknown as HandlerThread[],
    watch: () => {},
    submit: (delivery) =>
      events.push(`submit ${String(delivery)} told ${threads.map(({ told }) => told.length).join()}`),
    concluded: () => events.push('concluded'),
  });
  const module = (href: string): PoolModule => modules.acquire({ href, exportName: 'default' });
  const wait = (where: PoolModule, delivery: string): void => void where.held.add(delivery as unknown as Delivery);
  const answer = (from: FakeThread, what: PoolModule, error?: string): void =>
    loading.loaded(
      from as unknown as HandlerThread,
      what.index,
      false,
      error === undefined ? undefined : serializeError(new Error(error)),
    );
  const died = (which: FakeThread): void => {
    which.role = 'dying';
    loading.ofTheDead(which as unknown as HandlerThread);
  };
  return { modules, loading, events, module, wait, answer, died };
}

test('a new module is tried on the spare alone; the others are told before what waited is submitted', () => {
  const [active, spare, dead] = [thread('active', 'active'), thread('spare', 'spare'), thread('dead', 'dying')];
  const { loading, events, module, wait, answer } = world(active, spare, dead);
  const a = module('a');
  wait(a, 'd1');
  wait(a, 'd2');
  loading.tryNew();
  assert.equal([active.told, spare.told, dead.told], [[], ['a'], []]);
  assert.is(a.state, 'trying');
  answer(spare, a);
  assert.is(a.state, 'ready');
  assert.equal([active.told, dead.told], [['a'], []]);
  assert.equal(events, ['submit d1 told 1,1,0', 'submit d2 told 1,1,0', 'concluded']);
});

test('without a thread that is up nothing is tried; without a spare an active one does it', () => {
  const active = thread('active', 'active', false);
  const { loading, module } = world(active);
  const a = module('a');
  loading.tryNew();
  assert.equal([a.state, active.told], ['new', []]);
  active.up = true;
  loading.tryNew();
  assert.equal([a.state, active.told], ['trying', ['a']]);
});

test('a module that fails is told to nobody else, and what waited for it is submitted to fail', () => {
  const [active, spare] = [thread('active', 'active'), thread('spare', 'spare')];
  const { loading, events, module, wait, answer } = world(active, spare);
  const a = module('a');
  wait(a, 'd1');
  loading.tryNew();
  answer(spare, a, 'it throws');
  assert.is(a.state, 'failed');
  assert.match(a.error!.message, 'handler module a: it throws');
  assert.equal([active.told, events], [[], ['submit d1 told 0,1', 'concluded']]);
  // The address is free for another try.
  const again = module('a');
  assert.is.not(again, a);
  assert.is(again.state, 'new');
});

test('a thread that dies of its only new module names it; of several each is tried alone', () => {
  const threads = [thread('first', 'spare'), thread('second', 'spare'), thread('third', 'spare')] as const;
  const { loading, module, answer, died } = world(...threads);
  const [a, b] = [module('a'), module('b')];
  loading.tryNew();
  assert.equal(threads[0].told, ['a', 'b']);
  died(threads[0]);
  assert.equal([a.state, b.state, threads[1].told], ['trying', 'new', ['a']], 'one at a time from here on');
  threads[1].killed = true;
  died(threads[1]);
  assert.match(a.error!.message, 'its import blocked the thread for 1000 ms');
  assert.equal([b.state, threads[2].told], ['trying', ['b']]);
  answer(threads[2], b);
  assert.is(b.state, 'ready');
});

test('a thread that is taken later imports what is ready, and nothing else', () => {
  const [first, later] = [thread('first', 'active'), thread('later', 'active', false)];
  const { loading, module, answer } = world(first);
  const [a, b] = [module('a'), module('b')];
  loading.tryNew();
  answer(first, a);
  answer(first, b, 'missing');
  loading.begin(later as unknown as HandlerThread);
  assert.equal(later.told, ['a']);
});

test.run();
