import { ERROR_TOKEN, TOKEN, UNSCANNABLE_TOKEN } from './rule.ts';

/** A text whose tokens each stand behind one mark, so that no rule sees into a token or cuts one apart. */
export interface Hidden {
  readonly text: string;
  readonly mark: string;
  /** The tokens that the marks stand for, in order. */
  readonly tokens: readonly string[];
}

const FIRST_MARK = 0xfdd0;
const LAST_MARK = 0xfdef;

const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/**
 * Finds redaction tokens in a text, with the number that a second key of the same name gets. A token made of letters
 * and digits alone (a user's `hidden`) counts only where it stands alone: it must not make holes in other words.
 */
export class Tokens {
  readonly #pattern: RegExp;
  /** True when all tokens are of the form `[REDACTED…]`. */
  readonly areBracketed: boolean;

  constructor(tokens: Iterable<string>) {
    const all = [...new Set([TOKEN, ERROR_TOKEN, UNSCANNABLE_TOKEN, ...tokens])].filter((token) => token !== '');
    this.areBracketed = all.every((token) => token.startsWith('[REDACTED'));
    const choices = all
      .sort((a, b) => b.length - a.length)
      .map((token) => (/^[A-Za-z0-9]+$/.test(token) ? `(?<![A-Za-z0-9])${token}(?![A-Za-z0-9])` : quoted(token)));
    this.#pattern = new RegExp(`(?:${choices.join('|')})(?:_[0-9]{1,6}(?![A-Za-z0-9_]))?`, 'g');
  }

  hide(text: string): Hidden {
    const tokens: string[] = [];
    const mark = freeMark(text);
    if (this.areBracketed && !text.includes(TOKEN.slice(0, -1))) return { text, mark, tokens };
    const hidden = text.replace(this.#pattern, (token) => {
      tokens.push(token);
      return mark;
    });
    return { text: hidden, mark, tokens };
  }

  /** The text with its tokens taken out and a space in place of each. */
  without(text: string): string {
    if (this.areBracketed && !text.includes(TOKEN.slice(0, -1))) return text;
    return text.replace(this.#pattern, ' ');
  }
}

export function show(hidden: Hidden): string {
  if (hidden.tokens.length === 0) return hidden.text;
  let shown = '';
  let from = 0;
  for (const token of hidden.tokens) {
    const at = hidden.text.indexOf(hidden.mark, from);
    shown += hidden.text.slice(from, at) + token;
    from = at + 1;
  }
  return shown + hidden.text.slice(from);
}

/** Puts `token` in place of each span. Tokens inside a span go with it. */
export function put(hidden: Hidden, spans: readonly number[], token: string): Hidden {
  const { mark } = hidden;
  const tokens: string[] = [];
  let text = '';
  let from = 0;
  let seen = 0;
  // Cut out before it is searched: a search in the whole text goes on to the next mark, however far behind.
  const next = (to: number): { piece: string; marks: number } => {
    const piece = hidden.text.slice(from, to);
    let marks = 0;
    for (let at = piece.indexOf(mark); at >= 0; at = piece.indexOf(mark, at + 1)) marks++;
    from = to;
    return { piece, marks };
  };
  const keep = (to: number): void => {
    const { piece, marks } = next(to);
    for (const end = seen + marks; seen < end; seen++) tokens.push(hidden.tokens[seen]!);
    text += piece;
  };
  for (let i = 0; i < spans.length; i += 2) {
    keep(spans[i]!);
    seen += next(spans[i + 1]!).marks;
    if (token !== '') {
      tokens.push(token);
      text += mark;
    }
  }
  keep(hidden.text.length);
  return { text, mark, tokens };
}

/** A noncharacter that the text doesn't hold; Unicode keeps these 32 for a program's own use. */
function freeMark(text: string): string {
  for (let code = FIRST_MARK; code <= LAST_MARK; code++) {
    const mark = String.fromCharCode(code);
    if (!text.includes(mark)) return mark;
  }
  throw new Error('a text that holds every noncharacter leaves no mark for a token');
}
