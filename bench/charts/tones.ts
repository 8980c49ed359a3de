/** How a side is drawn: 0 is ganglion, in the one colour that stands out; rivals are muted and told apart by dashes, too. */
export interface Tone {
  readonly colour: number;
  readonly dash: number;
}

export const RIVAL_COLOURS = 6;
export const DASHES = 3;

/**
 * What bears ganglion's name stands out. Where nothing does, all sides are ganglion in one state or another, and the
 * first one that is shown is what the picture is about.
 */
export function tonesOf(sides: readonly string[], shown: readonly string[] = sides): ReadonlyMap<string, Tone> {
  const named = sides.some(isOwn);
  const tones = new Map<string, Tone>();
  let own = 0;
  let rivals = 0;
  for (const side of sides) {
    if (named ? isOwn(side) : side === (shown[0] ?? sides[0])) tones.set(side, { colour: 0, dash: own++ % DASHES });
    else {
      tones.set(side, { colour: 1 + (rivals % RIVAL_COLOURS), dash: Math.floor(rivals / RIVAL_COLOURS) % DASHES });
      rivals++;
    }
  }
  return tones;
}

function isOwn(side: string): boolean {
  return /^ganglion\b/.test(side);
}
