/** What an event has its handler do, and how many of ten thousand events are to have it; the rest return at once. */
export type Kind = readonly [kind: string, share: number, ...more: unknown[]];

/** Picks one at random. */
export function pickKind(kinds: readonly Kind[], random: () => number): string {
  let at = random() * 10_000;
  for (const [kind, share] of kinds) {
    if (at < share) return kind;
    at -= share;
  }
  return 'plain';
}
