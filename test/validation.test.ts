import * as assert from 'uvu/assert';
import {
  EVENT_TYPE_PATTERN,
  EventValidator,
  type EventValidatorOptions,
  extractAction,
  extractDomain,
  isValidEventType,
} from '../src/index.ts';
import { tests } from './helpers.ts';
import { fc } from './seed.ts';

const test = tests('validation');

for (const name of ['chat.message', 'chat.message.sent', 'a.b', 'user_2.logged_in']) {
  test(`${name} is a name`, () => {
    assert.ok(isValidEventType(name));
    assert.equal(new EventValidator().validateEventType(name), { ok: true, errors: [], warnings: [] });
  });
}

const bad: unknown[] = [
  '',
  ' ',
  'chat',
  'Chat.sent',
  'chat.',
  '.chat',
  'chat..sent',
  'chat.2',
  'a.b\n',
  'ü.b',
  null,
  7,
  {},
];
for (const name of bad) {
  test(`${JSON.stringify(name)} is no name`, () => {
    assert.not.ok(isValidEventType(name));
    const { ok, errors } = new EventValidator().validateEventType(name);
    assert.not.ok(ok);
    assert.is(errors.length, 1);
  });
}

test('all faults of an event stand in one result', () => {
  const validator = new EventValidator({ allowedDomains: ['chat', 'user'], requireSource: true });
  const { ok, errors } = validator.validate({ eventType: 'Order.placed', payload: [] });
  assert.not.ok(ok);
  assert.is(errors.length, 4);
  assert.match(
    errors.join('\n'),
    /Order\.placed.*match[\s\S]*'Order' is not one of chat, user[\s\S]*payload[\s\S]*source/,
  );
  assert.ok(validator.validate({ eventType: 'chat.sent', payload: {}, source: 'web' }).ok);
});

test('a reserved name is a warning and passes', () => {
  const { ok, errors, warnings } = new EventValidator().validate({ eventType: 'system.startup', payload: {} });
  assert.ok(ok);
  assert.equal(errors, []);
  assert.match(warnings.join(), /system\./);
  assert.equal(new EventValidator().validateEventType('systems.up').warnings, []);
});

test('a pattern of its own replaces the default, and keeps no state between names', () => {
  const validator = new EventValidator({ customPattern: /^[A-Z]+$/gy });
  for (let i = 0; i < 3; i++) assert.ok(validator.validateEventType('PING').ok);
  assert.not.ok(validator.validateEventType('chat.sent').ok);
});

test('a source that is given must be one', () => {
  const validator = new EventValidator();
  for (const source of ['', '  ', 7, {}])
    assert.not.ok(validator.validate({ eventType: 'a.b', payload: {}, source }).ok);
  for (const source of [undefined, null, 'web'])
    assert.ok(validator.validate({ eventType: 'a.b', payload: {}, source }).ok);
});

test('a name of a megabyte is refused without being printed', () => {
  const { ok, errors } = new EventValidator().validateEventType(`a.${'b'.repeat(1 << 20)}`);
  assert.not.ok(ok);
  assert.ok(errors.join().length < 200);
});

test('domain and action', () => {
  assert.is(extractDomain('chat.message.sent'), 'chat');
  assert.is(extractAction('chat.message.sent'), 'message.sent');
  for (const name of ['chat', '', null, 7]) {
    assert.is(extractDomain(name), null);
    assert.is(extractAction(name), null);
  }
  assert.is(extractDomain('.sent'), null);
  assert.is(extractAction('chat.'), null);
});

test('nothing makes a validator throw', () => {
  const traps = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('trap');
      },
      get: () => {
        throw new Error('trap');
      },
    },
  );
  const throwing = {
    get eventType(): string {
      throw new Error('getter');
    },
    payload: {},
    source: 'x',
  };
  const validator = new EventValidator({ requireSource: true, allowedDomains: ['a'] });
  for (const event of [traps, throwing, null, undefined, 3, { eventType: traps, payload: traps, source: traps }]) {
    assert.not.ok(validator.validate(event as never).ok);
  }
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withMap: true }), fc.anything(), (a, b) => {
      const { ok, errors } = validator.validate({ eventType: a, payload: b, source: a });
      return ok === (errors.length === 0);
    }),
  );
});

test('names by the pattern split into domain and action, and join again', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(EVENT_TYPE_PATTERN),
      (name) => `${extractDomain(name)}.${extractAction(name)}` === name,
    ),
  );
});

test('wrong options are named all at once', () => {
  const options = { strict: 1, allowedDomains: 'chat', requireSource: 'yes', customPattern: 'x', extra: 1 };
  try {
    new EventValidator(options as unknown as EventValidatorOptions);
    assert.unreachable();
  } catch (error) {
    const { code, problems } = error as { code: string; problems: string[] };
    assert.is(code, 'ERR_GANGLION_CONFIG');
    assert.is(problems.length, 5);
  }
});

test.run();
