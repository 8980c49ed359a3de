/** Edits that make a typo, for words of at least three times as many letters. */
const MAX_EDITS = 3;

/** The one of the names that a mistyped one most likely means: another case, a missing ending, a few wrong letters. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const word = typed.toLowerCase();
  let best: string | undefined;
  let fewest = Math.min(MAX_EDITS, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const known = name.toLowerCase();
    // Without its unit, as `handlerTimeout`, or with one too many.
    const edits = word.length > 3 && (known.startsWith(word) || word.startsWith(known)) ? 0 : distance(word, known);
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

/** Levenshtein's, by one row of its table. */
function distance(a: string, b: string): number {
  // The longest name there is has 21 letters: text without end is no typo.
  if (Math.abs(a.length - b.length) > MAX_EDITS) return MAX_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
