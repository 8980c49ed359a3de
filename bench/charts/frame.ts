import { BOLD, element, escapeText, wrap } from './markup.ts';
import { CHART_STYLE, STANDALONE_STYLE } from './style.ts';

/** Pixels of the drawing; wide for a page, narrow for a telephone. */
export const WIDE = 680;
export const NARROW = 360;
/** From this width on there is room for things beside each other. */
export const ROOMY = 500;

export const PAD = 14;
export const FONT = 12;
const TITLE_FONT = 14;

/** What stands below the title, with the pixels it took from `top` on. */
export interface Body {
  readonly markup: string;
  readonly height: number;
}

export interface Heading {
  readonly title: string;
  /** What the values are and how to read them. */
  readonly note: string;
}

/** An `svg` element that takes its colours and sizes from the page around it. */
export function frame({ title, note }: Heading, width: number, draw: (top: number) => Body): string {
  const inner = width - 2 * PAD;
  let y = PAD;
  const lines: string[] = [];
  for (const line of wrap(title, inner, TITLE_FONT * BOLD)) {
    y += TITLE_FONT;
    lines.push(text(PAD, y, line, 'title'));
    y += 4;
  }
  for (const line of wrap(note, inner, FONT)) {
    y += FONT + 2;
    lines.push(text(PAD, y, line, 'note'));
  }
  const { markup, height } = draw(y + 14);
  const total = Math.ceil(y + 14 + height + PAD);
  const attributes = { class: 'chart', viewBox: `0 0 ${width} ${total}`, role: 'img', 'aria-label': title };
  return element('svg', attributes, ...lines, markup);
}

/** The same as a file of its own, which knows by itself how to look in light and in dark. */
export function standalone(svg: string): string {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
  const style = `<style>${STANDALONE_STYLE}${CHART_STYLE}</style>`;
  const ground = element('rect', { class: 'ground', width: Number(width), height: Number(height), rx: 6 });
  return `${svg
    .replace('<svg ', `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `)
    .replace('>', `>${style}${ground}`)}\n`;
}

export type Anchor = 'start' | 'middle' | 'end';

export function text(x: number, y: number, content: string, kind: string, anchor: Anchor = 'start'): string {
  const attributes = { x, y, class: kind, 'text-anchor': anchor === 'start' ? undefined : anchor };
  return element('text', attributes, escapeText(content));
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return element('line', { x1, y1, x2, y2, class: kind });
}

/** In place of a drawing. */
export function nothing(top: number): Body {
  return { markup: text(PAD, top + FONT, 'no figures', 'note'), height: 2 * FONT };
}
