import { isatty } from 'node:tty';
import { Output } from './output.ts';

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

const DEFAULT_COLUMNS = 100;

/** Where a command writes: results to standard output, everything about them to standard error. */
export class Terminal {
  readonly out: Output = new Output(1);
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  readonly #colours: boolean;
  #noted = false;

  constructor(env: NodeJS.ProcessEnv = process.env, outIsTty: boolean = isatty(1), errIsTty: boolean = isatty(2)) {
    this.outIsTty = outIsTty;
    this.errIsTty = errIsTty;
    // By no-color.org any value but an empty one counts.
    this.#colours = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  }

  get columns(): number {
    return this.outIsTty ? process.stdout.columns || DEFAULT_COLUMNS : DEFAULT_COLUMNS;
  }

  /** A line of the result. */
  say(line: string): void {
    this.out.write(`${line}\n`);
  }

  /** A line about it. */
  note(line: string): void {
    // Nobody is left to be told of its errors.
    if (!this.#noted) process.stderr.on('error', () => {});
    this.#noted = true;
    process.stderr.write(`${line}\n`);
  }

  json(value: unknown): void {
    this.say(printableJson(JSON.stringify(value)));
  }

  /** For standard output. */
  paint(style: Style, text: string): string {
    return this.outIsTty && this.#colours ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}

/** Control characters, halves of surrogate pairs, and what turns the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text out of an event as it may stand on a terminal: nothing in it can move the cursor or pretend to be another line. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** JSON that a terminal can't take for anything else. Its value is the same: what is no white space stands in strings. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (character) =>
    character === '\t' || character === '\r' ? ' ' : unicode(character),
  );
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return unicode(character);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Shortened to so many characters, with a mark where something is missing. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1)).toWellFormed()}…`;
}

/** Two columns each on a terminal; half-width letters are not. */
const WIDE =
  /(?![\uff61-\uffdc])[\p{Emoji_Presentation}\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\u3001-\u303e\uff01-\uff60\uffe0-\uffe6]/gu;
/** None: they belong to the character before. */
const MARKS = /[\p{Mn}\p{Me}\p{Cf}]/gu;

/** The columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  const shown = text.replace(MARKS, '').replace(WIDE, '..');
  return shown.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '.').length;
}

/** With blanks behind it up to this width. */
export function fill(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** The width of the widest. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, widthOf(text)), 0);
}

/** Rows as columns of equal width, two blanks between them; the last column is as wide as it is. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : fill(cell, widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
