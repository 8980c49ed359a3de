import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { explain } from './advice.ts';
import { messageOf } from './codec.ts';

/** What a handler module's failed import means, and what to do about it: the error's own message with a next step. */
export function explainLoadError(href: string, error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  const message = messageOf(error);
  if (code === 'ERR_ACCESS_DENIED') return explain(error);
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[mc]?ts$/.test(href)) {
    return (
      `${message}. Node ${process.versions.node} runs no TypeScript: use Node 22.18 or newer, or compile the module and ` +
      'name its .js file'
    );
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${message}. Node only erases types (erasableSyntaxOnly): write it without, or compile the module and name its .js file`;
  }
  if (code === 'ERR_MODULE_NOT_FOUND' && names(message, href)) {
    const neighbour = otherEnding(href);
    if (neighbour !== undefined) return `${message}. ${neighbour}`;
    return (
      `${message}. Name it by new URL('./file.js', import.meta.url), as seen from the file that says so; in a bundle it ` +
      `has to be an entry point of its own`
    );
  }
  return message;
}

/** The same file as TypeScript or as what it is compiled to, when that is there: what to do about it. */
function otherEnding(href: string): string | undefined {
  const ending = /\.([mc]?)([jt])s$/.exec(href);
  if (ending === null || !href.startsWith('file:')) return undefined;
  const typescript = ending[2] === 'j';
  const other = `${href.slice(0, -2)}${typescript ? 't' : 'j'}s`;
  if (!existsSync(new URL(other))) return undefined;
  const name = other.slice(other.lastIndexOf('/') + 1);
  if (!typescript || (process.features as { typescript?: unknown }).typescript)
    return `There is ${name} beside it: name that`;
  return `There is ${name} beside it, and Node ${process.versions.node} runs no TypeScript: compile it, or use Node 22.18 or newer and name it`;
}

/** The module itself is what is missing, and not something that it imports. */
function names(message: string, href: string): boolean {
  return href.startsWith('file:') ? message.includes(`'${fileURLToPath(href)}' `) : message.includes(`'${href}' `);
}

/** The function that a subscription names. Throws an error that lists what there is instead. */
export function exportedFunction(namespace: Readonly<Record<string, unknown>>, exportName: string): unknown {
  // A CommonJS module compiled from `export default` has its exports behind `default`.
  const inner = Object(namespace.default) as Record<string, unknown>;
  const found = [namespace[exportName], inner[exportName]].find((value) => typeof value === 'function');
  if (found !== undefined) return found;
  const names = Object.keys(namespace).filter((name) => typeof namespace[name] === 'function');
  const advice =
    names.length === 0
      ? 'Write `export default (event, context) => …`'
      : `It exports ${names.join(', ')}: name one by { module, export: '${names[0]}' }`;
  throw new Error(`it exports no function ${JSON.stringify(exportName)}. ${advice}`);
}
