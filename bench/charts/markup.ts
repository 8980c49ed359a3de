// Text for SVG and HTML. Everything that comes from results goes through `escapeText` or `element`.

const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** What XML 1.0 has no way to say, escaped or not, and control characters that nobody sees. */
const UNSPEAKABLE = /(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu;

/** For text and for attribute values in either kind of quotes. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(UNSPEAKABLE, '\ufffd')
    .replace(/[&<>"']/g, (char) => NAMED[char]!);
}

/** Attributes are escaped, undefined ones left out; children are markup and taken as they are. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeText(typeof value === 'number' ? short(value) : String(value))}"`)
    .join('');
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`;
}

/** A coordinate: a tenth of a pixel is as fine as anybody sees. */
export function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Bold letters are wider by so much. */
export const BOLD = 1.08;

/** About as wide as `text` gets in a sans-serif face. */
export function textWidth(text: string, fontSize: number): number {
  return text.length * fontSize * 0.56;
}

/** Lines of at most `width`, broken between words. */
export function wrap(text: string, width: number, fontSize: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
