import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HandlerModule } from '../types.ts';
import { Check } from './check.ts';

/** A handler module's address as its threads import it. */
export interface ResolvedModule {
  readonly href: string;
  readonly exportName: string;
}

/** Bare specifiers (`pkg/handler`) are left to the importing thread; paths become file URLs. Throws ConfigError. */
export function resolveHandlerModule(handler: HandlerModule): ResolvedModule {
  if (handler instanceof URL) return { href: handler.href, exportName: 'default' };
  const check = new Check();
  const { module, export: exportName = 'default' } = handler as { module?: unknown; export?: unknown };
  check.known('handler', handler, ['module', 'export']);
  if (!(module instanceof URL) && (typeof module !== 'string' || module === '')) {
    check.fail('handler.module', module, 'a URL or a non-empty string');
  }
  if (typeof exportName !== 'string' || exportName === '')
    check.fail('handler.export', exportName, 'a non-empty string');
  check.done();
  return { href: module instanceof URL ? module.href : moduleHref(module as string), exportName: exportName as string };
}

function moduleHref(module: string): string {
  if (isAbsolute(module)) return pathToFileURL(module).href;
  if (/^\.{1,2}[\\/]/.test(module)) return pathToFileURL(resolve(module)).href;
  return module;
}

/** A name to show for a module: its file's basename without the ending. */
export function moduleName({ href, exportName }: ResolvedModule): string {
  const base = href.startsWith('data:') ? 'data:' : basename(href);
  const stem = base.replace(/\.[cm]?[jt]s$/, '') || base;
  return exportName === 'default' ? stem : `${stem}#${exportName}`;
}

/** Not by fileURLToPath: it throws for addresses that only the import has to refuse. */
function basename(href: string): string {
  const path = href.replace(/[?#].*$/s, '');
  const base = path.slice(path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(base);
  } catch {
    return base;
  }
}
