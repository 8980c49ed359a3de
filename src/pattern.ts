import picomatch from 'picomatch';
import { messageOf } from './codec.ts';
import { InvalidPatternError } from './errors.ts';

/** A compiled subscription pattern. Exact names are kept apart, since a map finds them without asking each one. */
export type Pattern =
  | { readonly kind: 'exact'; readonly source: string }
  | { readonly kind: 'all'; readonly source: string }
  | { readonly kind: 'glob'; readonly source: string; readonly matches: (eventType: string) => boolean };

const GLOB = /[*?[\]{}()!+@\\]/;

/**
 * `a.b` is exact, `*` is every event, `a.*` is everything at any depth below `a.`, and the rest is picomatch.
 * Throws InvalidPatternError.
 */
export function compilePattern(source: string): Pattern {
  if (source === '*' || source === '**') return { kind: 'all', source };
  if (!GLOB.test(source)) return { kind: 'exact', source };
  const prefix = source.slice(0, -1);
  if (source.endsWith('.*') && !GLOB.test(prefix)) {
    return { kind: 'glob', source, matches: (type) => type.length > prefix.length && type.startsWith(prefix) };
  }
  try {
    // bash: a star crosses "/", which separates nothing in an event type; dot: a leading dot is a letter like any other.
    const matches = picomatch(source, { bash: true, dot: true, windows: false });
    return { kind: 'glob', source, matches: (type) => matches(type) };
  } catch (error) {
    throw new InvalidPatternError(
      `the pattern ${JSON.stringify(source.slice(0, 200))} is no glob: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
