import * as assert from 'uvu/assert';
import { maxBytes, readText, writeText } from '../../src/ring/text.ts';
import { tests } from '../helpers.ts';

const test = tests('ring/text');

const TEXTS = [
  '',
  'plain',
  'ä',
  '€uro',
  '漢字かな',
  '😀 and 👩‍👩‍👧',
  '\u0000\u007f\u0080\u07ff\u0800\uffff',
  'x'.repeat(5000),
];

test('what is written reads back, in UTF-8, between bytes that stay as they were', () => {
  for (const text of TEXTS) {
    const room = maxBytes(text);
    const bytes = Buffer.from(new SharedArrayBuffer(room + 16)).fill(0xee);
    const written = writeText(bytes, text, 8);
    assert.is(written, Buffer.byteLength(text));
    assert.ok(written <= room, 'maxBytes is a bound');
    assert.is(readText(bytes, 8, 8 + written, false), text);
    assert.ok(bytes.subarray(0, 8).every((byte) => byte === 0xee));
    assert.ok(bytes.subarray(8 + written).every((byte) => byte === 0xee));
  }
});

test('a text of as many bytes as characters reads back as ASCII', () => {
  const text = 'GET /v1/orders?id=7\n\t"quoted"';
  const bytes = Buffer.alloc(maxBytes(text));
  assert.is(writeText(bytes, text, 0), text.length);
  assert.is(readText(bytes, 0, text.length, true), text);
});

test('a text that is not ASCII has more bytes than characters, so it is never taken for ASCII', () => {
  for (const text of ['é', '\u0080', '😀', 'a\ud800']) {
    assert.ok(writeText(Buffer.alloc(maxBytes(text)), text, 0) > text.length, JSON.stringify(text));
  }
});

test('a lone surrogate becomes the replacement character and shifts nothing', () => {
  const bytes = Buffer.alloc(64);
  const written = writeText(bytes, 'a\ud800b\udfffc', 0);
  assert.is(readText(bytes, 0, written, false), 'a\ufffdb\ufffdc');
});

test.run();
