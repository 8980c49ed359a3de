import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyEventBus } from '../bus.ts';
import type { SubscribeOptions } from '../types.ts';
import { UsageError } from './command.ts';

/** One handler module and all patterns that lead to it. */
export interface HandlerOption {
  readonly module: URL | string;
  readonly exportName: string;
  readonly patterns: string[];
}

export const ON_HELP: string = `  --on PATTERN=MODULE       events of this type go to this module, and run on every core; may be given several times.
                            PATTERN is an exact type, a.* (any depth), * or another glob.
                            MODULE is a path or a package's name; MODULE#name takes another export than the default.`;

/** `pattern=module#export`, several patterns of one module together. Throws UsageError. */
export function parseHandlers(options: readonly string[]): HandlerOption[] {
  const handlers = new Map<string, HandlerOption>();
  for (const option of options) {
    const equals = option.indexOf('=');
    const pattern = option.slice(0, equals);
    const target = option.slice(equals + 1);
    if (equals < 1 || target === '') {
      throw new UsageError(
        `--on must be PATTERN=MODULE, such as 'access.*=./parse.mjs', got ${JSON.stringify(option)}`,
      );
    }
    const { module, exportName } = locate(target);
    const key = `${String(module)}#${exportName}`;
    const known = handlers.get(key);
    if (known === undefined) handlers.set(key, { module, exportName, patterns: [pattern] });
    else known.patterns.push(pattern);
  }
  return [...handlers.values()];
}

/** The same, of modules that are there: seen before any file is made or event is read. Throws UsageError. */
export function existingHandlers(options: readonly string[]): HandlerOption[] {
  const handlers = parseHandlers(options);
  for (const { module } of handlers) {
    if (!(module instanceof URL) || module.protocol !== 'file:') continue;
    const path = fileURLToPath(module);
    // A file on the way to it would make a look at it throw.
    if (!existsSync(path) || !statSync(path).isFile()) throw new UsageError(`there is no module ${path}`);
  }
  return handlers;
}

/** Where a module is, as seen from the working directory. */
export function locate(target: string): { module: URL | string; exportName: string } {
  const hash = existsSync(resolve(target)) ? -1 : target.lastIndexOf('#');
  const path = hash === -1 ? target : target.slice(0, hash);
  const exportName = hash === -1 ? 'default' : target.slice(hash + 1) || 'default';
  if (/^(file|data|node):/.test(path)) return { module: new URL(path), exportName };
  const file = resolve(path);
  if (existsSync(file) || /^\.{0,2}[\\/]/.test(path)) return { module: pathToFileURL(file), exportName };
  try {
    // Packages are those of the working directory, not those beside this library.
    const found = createRequire(join(process.cwd(), 'handlers.js')).resolve(path);
    return { module: pathToFileURL(found), exportName };
  } catch {
    return { module: pathToFileURL(file), exportName };
  }
}

export function subscribeAll(bus: AnyEventBus, handlers: readonly HandlerOption[], options?: SubscribeOptions): void {
  for (const { module, exportName, patterns } of handlers) {
    bus.subscribe({ module, export: exportName }, patterns, options);
  }
}
