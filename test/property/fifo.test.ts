import * as assert from 'uvu/assert';
import { Fifo } from '../../src/pool/fifo.ts';
import { tests } from '../helpers.ts';
import { fc } from '../seed.ts';

const test = tests('property/fifo');

const steps = fc.oneof(
  { weight: 5, arbitrary: fc.constant('push' as const) },
  { weight: 2, arbitrary: fc.constant('unshift' as const) },
  { weight: 4, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.nat().map((at) => at) },
);

test('behaves as an array, whatever is put in, taken out and removed from the middle', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 200, size: 'max' }), (sequence) => {
      const fifo = new Fifo<number>();
      const array: number[] = [];
      let next = 0;
      for (const step of sequence) {
        if (step === 'push') {
          fifo.push(next);
          array.push(next++);
        } else if (step === 'unshift') {
          fifo.unshift(next);
          array.unshift(next++);
        } else if (step === 'shift') assert.is(fifo.shift(), array.shift());
        else {
          const item = array[step % Math.max(1, array.length)] ?? -1;
          const at = array.indexOf(item);
          assert.is(fifo.remove(item), at !== -1);
          if (at !== -1) array.splice(at, 1);
        }
        assert.is(fifo.size, array.length);
        assert.is(fifo.peek(), array[0]);
      }
      while (array.length > 0) assert.is(fifo.shift(), array.shift());
      assert.is(fifo.shift(), undefined);
    }),
  );
});

test('a burst of thousands comes out in order, while it grows and while it shrinks', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 6000 }), fc.nat({ max: 1000 }), (count, before) => {
      const fifo = new Fifo<number>();
      // The first item then stands anywhere in the circle.
      for (let i = 0; i < before; i++) fifo.push(-1);
      for (let i = 0; i < before; i++) fifo.shift();
      for (let i = 0; i < count; i++) fifo.push(i);
      for (let i = 0; i < count; i++) {
        if (i % 500 === 0) fifo.unshift(-i);
        if (i % 500 === 0) assert.is(fifo.shift(), -i);
        assert.is(fifo.shift(), i);
      }
      assert.is(fifo.size, 0);
    }),
    { numRuns: 20 },
  );
});

test.run();
