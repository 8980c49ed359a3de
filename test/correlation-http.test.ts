import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import {
  CORRELATION_ID_HEADER,
  EventBus,
  extractCorrelationIdFromHeaders,
  getCorrelationId,
  getHeadersWithCorrelation,
  type HeadersLike,
  withCorrelation,
} from '../src/index.ts';
import { fixture } from './bus/fixtures.ts';
import { tests } from './helpers.ts';

const test = tests('correlation over HTTP');
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** A server on loopback that answers with the id it took from the request and the headers it saw. */
async function withServer<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((req, res) => {
    withCorrelation(extractCorrelationIdFromHeaders(req.headers), () => {
      res.end(JSON.stringify({ id: getCorrelationId(), headers: req.headers }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

interface Answer {
  id: string;
  headers: IncomingHttpHeaders;
}

const byFetch = async (port: number, headers: Record<string, string | string[]> | Headers): Promise<Answer> => {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: headers as Headers });
  return (await response.json()) as Answer;
};

const byNode = (port: number, headers: Record<string, string | string[]>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(JSON.parse(text) as Answer));
    });
    call.on('error', reject);
    call.end();
  });

test('the id of a scope goes out with fetch and with node:http, and comes in on the other side', () =>
  withServer(async (port) => {
    for (const send of [byFetch, byNode]) {
      const { id, headers } = await withCorrelation('request-42', () =>
        send(port, getHeadersWithCorrelation({ accept: 'application/json' })),
      );
      assert.is(id, 'request-42');
      assert.is(headers['x-correlation-id'], 'request-42');
      assert.is(headers.accept, 'application/json');
    }
  }));

test('names in any case, then X-Request-ID, then the trace id, then a new one', () =>
  withServer(async (port) => {
    const trace = `00-${TRACE}-00f067aa0ba902b7-01`;
    assert.is((await byNode(port, { 'X-CORRELATION-ID': 'a', 'x-request-id': 'b', traceparent: trace })).id, 'a');
    assert.is((await byNode(port, { 'X-Request-Id': 'b', TraceParent: trace })).id, 'b');
    assert.is((await byFetch(port, { traceparent: trace })).id, TRACE);
    const [first, second] = [(await byFetch(port, {})).id, (await byFetch(port, {})).id];
    assert.match(first, UUID);
    assert.is.not(first, second);
  }));

test('hostile values that arrive over a socket are passed over', () =>
  withServer(async (port) => {
    for (const value of ['x'.repeat(129), '\x80\x9b31m', ' \t ']) {
      const raw = await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () => {
          socket.end(
            Buffer.from(
              `GET / HTTP/1.1\r\nhost: x\r\nx-correlation-id: ${value}\r\nx-request-id: good\r\nconnection: close\r\n\r\n`,
              'latin1',
            ),
          );
        });
        socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        socket.on('error', reject).on('end', () => resolve(text));
      });
      assert.match(raw, /^HTTP\/1\.1 200/);
      assert.match(raw, /"id":"good"/);
    }
  }));

const refused: [string, HeadersLike][] = [
  ['129 characters', { 'x-correlation-id': 'a'.repeat(129) }],
  ['a line break', { 'x-correlation-id': 'a\nb' }],
  ['a null byte', { 'x-correlation-id': 'a\0' }],
  ['an escape', { 'x-correlation-id': '\x1b[31mred' }],
  ['DEL', { 'x-correlation-id': '\x7f' }],
  ['C1', { 'x-correlation-id': '\x85' }],
  ['a line separator', { 'x-correlation-id': 'a\u2028b' }],
  ['nothing', { 'x-correlation-id': '' }],
  ['no string', { 'x-correlation-id': 7 as unknown as string }],
  ['undefined', { 'x-correlation-id': undefined }],
  ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
  ['version ff', { traceparent: `ff-${TRACE}-00f067aa0ba902b7-01` }],
  ['version 00 with more', { traceparent: `00-${TRACE}-00f067aa0ba902b7-01-more` }],
  ['upper-case hex', { traceparent: `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01` }],
  ['no headers', undefined as unknown as HeadersLike],
  ['a string', 'x-correlation-id' as unknown as HeadersLike],
  [
    'a throwing getter',
    Object.defineProperty({}, 'x-correlation-id', { enumerable: true, get: () => assert.unreachable() }),
  ],
];
for (const [what, headers] of refused) {
  test(`passed over: ${what}`, () => assert.match(extractCorrelationIdFromHeaders(headers), UUID));
}

test('of a list the first that is acceptable; 128 characters are', () => {
  assert.is(extractCorrelationIdFromHeaders({ 'x-correlation-id': ['\n', 'second'] }), 'second');
  assert.is(extractCorrelationIdFromHeaders({ 'x-correlation-id': 'a'.repeat(128) }).length, 128);
  assert.is(extractCorrelationIdFromHeaders(new Headers({ 'X-Correlation-Id': 'h' })), 'h');
  assert.is(extractCorrelationIdFromHeaders({ traceparent: `01-${TRACE}-00f067aa0ba902b7-01-more` }), TRACE);
});

test('headers that are there stay, and the caller keeps its own object', () => {
  withCorrelation('scope', () => {
    const own = { 'x-correlation-ID': 'own', cookie: ['a', 'b'], none: undefined };
    assert.equal(getHeadersWithCorrelation(own), { 'x-correlation-ID': 'own', cookie: ['a', 'b'] });
    const empty = {};
    assert.equal(getHeadersWithCorrelation(empty), { [CORRELATION_ID_HEADER]: 'scope' });
    assert.equal(empty, {});
    assert.equal(getHeadersWithCorrelation(new Headers({ A: '1' })), { a: '1', [CORRELATION_ID_HEADER]: 'scope' });
    assert.equal(getHeadersWithCorrelation({ 'x-request-id': 7 } as never), {
      'x-request-id': '7',
      [CORRELATION_ID_HEADER]: 'scope',
    });
    const cookies = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    assert.equal(getHeadersWithCorrelation(cookies)['set-cookie'], ['a=1', 'b=2']);
    const polluted = getHeadersWithCorrelation(JSON.parse('{"__proto__":"x"}') as HeadersLike);
    assert.is(Object.getPrototypeOf(polluted), Object.prototype);
  });
  assert.equal(getHeadersWithCorrelation(), {});
});

test('an id that a header can not hold is left out of it', () => {
  for (const id of ['a\r\nset-cookie: x', 'snow ☃', 'x'.repeat(200)]) {
    withCorrelation(id, () => assert.equal(getHeadersWithCorrelation(), {}));
  }
});

test('in a handler on a thread the headers carry the id of its event', async () => {
  const bus = new EventBus({ maxConcurrentHandlers: 1, spareThreads: 0 });
  try {
    bus.subscribe(fixture('tools', 'headers'), 'x');
    const { outcomes } = await bus.emitAndWait('x', {}, { correlationId: 'from-main' });
    assert.equal(outcomes[0]?.value, { [CORRELATION_ID_HEADER]: 'from-main' });
  } finally {
    await bus.shutdown({ timeoutMs: 0 });
  }
});

test.run();
