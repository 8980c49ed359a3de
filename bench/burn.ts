/** About 10 ms of arithmetic on a core of 2025; always the same work, whatever the machine. */
const BURN_STEPS = 6_000_000;

/** Keeps a core busy for so many steps; the result depends on each of them and on the seed. */
export function burn(seed: number, steps: number = BURN_STEPS): number {
  let x = seed | 1;
  for (let i = 0; i < steps; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  return x >>> 0;
}
