import { SaxesParser, type SaxesTagPlain } from 'saxes';

export interface Parsed {
  /** Names and attributes, in document order. */
  readonly elements: readonly SaxesTagPlain[];
  /** Texts of elements of this name with this class. */
  texts(name: string, className?: string): string[];
}

/** Throws on whatever is not well-formed. */
export function parseXml(markup: string): Parsed {
  const parser = new SaxesParser();
  const elements: SaxesTagPlain[] = [];
  const found: { tag: SaxesTagPlain; text: string }[] = [];
  const open: { tag: SaxesTagPlain; text: string }[] = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    elements.push(tag);
    open.push({ tag, text: '' });
  });
  parser.on('text', (text) => {
    for (const one of open) one.text += text;
  });
  parser.on('closetag', () => found.push(open.pop()!));
  parser.write(markup).close();
  return {
    elements,
    texts: (name, className) =>
      found
        .filter(
          ({ tag }) =>
            tag.name === name && (className === undefined || words(tag.attributes.class).includes(className)),
        )
        .map(({ text }) => text),
  };
}

function words(text: string | undefined): string[] {
  return text?.split(' ') ?? [];
}
