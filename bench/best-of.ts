import type { Figures, OpenSide, Setup, Side } from './scenario.ts';
import { median } from './statistics.ts';

const PILOT_MS = 40;
const PILOTS = 2;
/** A variant that is so much worse than the best in its first pilot has no second; scores are logarithms. */
const FAR_BEHIND: number = Math.log(1.5);

/** How good figures are, as a logarithm: 1 more is e times as good. */
type Score = (figures: Figures) => number;

/**
 * A rival with its best settings on this machine: variants are tried, the best is kept and named in the report.
 * `score` says how good figures are. A quick run takes the first and tries none.
 */
export function bestOf(variants: Readonly<Record<string, OpenSide>>, score: Score): OpenSide {
  return bestAlong([Object.keys(variants)], ([name]) => variants[name!]!, score);
}

/**
 * The same for settings along several axes: the best on the first axis, with it the best on the second, and so on.
 * All combinations would take minutes and differ little from that.
 */
export function bestAlong(
  axes: readonly (readonly string[])[],
  open: (choice: readonly string[]) => OpenSide,
  score: Score,
): OpenSide {
  const first = axes.map((axis) => axis[0]!);
  const opened = async (setup: Setup): Promise<Side> => {
    const choice = setup.variant ?? first;
    const side = await open(choice)(setup);
    return { note: choice.join(', '), run: (ms) => side.run(ms), close: () => side.close() };
  };
  const choose = async (setup: Setup): Promise<readonly string[]> => {
    let best = { choice: first, score: await pilot(open(first), setup, score, Number.NEGATIVE_INFINITY) };
    for (const [i, axis] of axes.entries()) {
      for (const value of axis.slice(1)) {
        const choice = best.choice.with(i, value);
        const tried = await pilot(open(choice), setup, score, best.score);
        if (tried > best.score) best = { choice, score: tried };
      }
    }
    return best.choice;
  };
  return Object.assign(opened, axes.some((axis) => axis.length > 1) ? { choose } : {});
}

async function pilot(open: OpenSide, setup: Setup, score: Score, best: number): Promise<number> {
  const side = await open(setup);
  try {
    const scores: number[] = [];
    do scores.push(score(await side.run(PILOT_MS)));
    while (scores.length < PILOTS && scores[0]! > best - FAR_BEHIND);
    return median(scores);
  } finally {
    await side.close();
  }
}

/** The more of a figure the better, over all payload sizes of the side: their geometric mean. */
export function most(figure: string): Score {
  return (figures) => {
    const values = Object.entries(figures).filter(([name]) => name === figure || name.startsWith(`${figure} `));
    return values.reduce((sum, [, value]) => sum + Math.log(Number(value)), 0) / values.length;
  };
}

/** The less of a figure the better. */
export function least(figure: string): Score {
  return (figures) => -Math.log(Number(figures[figure]));
}
