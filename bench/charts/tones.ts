/** How a side is drawn: 0 is ganglion, in the one colour that stands out; rivals are muted and told apart by dashes, too. */
export interface Tone {
  readonly colour: number;
  readonly dash: number;
}

export const RIVAL_COLOURS = 6;
export const DASHES = 3;

/** A scenario's first side is what it is about, so it stands out under whatever name. */
export function tonesOf(sides: readonly string[]): ReadonlyMap<string, Tone> {
  const tones = new Map<string, Tone>();
  let own = 0;
  let rivals = 0;
  for (const [i, side] of sides.entries()) {
    if (i === 0 || isOwn(side)) tones.set(side, { colour: 0, dash: own++ % DASHES });
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
