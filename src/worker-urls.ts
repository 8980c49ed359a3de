import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ConfigError, RuntimeError } from './errors.ts';

/** What threads start with. */
export interface WorkerFiles {
  readonly poolEntry: URL;
  readonly auditWriter: URL;
  /** Loads piscina. By require(), which bundlers don't follow: piscina starts its threads with a file beside its own. */
  loadPiscina(): unknown;
}

/**
 * The worker files: beside the library, as .ts in source and as .js once built, or in `folder`, a copy of the package's
 * dist/standalone, which needs nothing else. Throws RuntimeError where this is not Node, ConfigError when the files are
 * not there.
 */
export function workerFiles(folder?: URL): WorkerFiles {
  refuseOtherRuntimes();
  // In a bundle of CommonJS there is no import.meta.url.
  const here = (import.meta as { url?: string }).url;
  const base = folder ?? (here === undefined ? undefined : new URL('../workers/', here));
  if (base === undefined) throw missing('beside this bundle');
  const poolEntry = new URL('pool-entry.cjs', base);
  if (!mayRead(poolEntry)) {
    const path = fileURLToPath(new URL('.', folder ?? new URL('..', base)));
    throw new ConfigError(
      `ganglion's worker files in ${path} can't be read: Node's permission model is on; start node with --allow-fs-read=${path}*`,
    );
  }
  if (!existsSync(poolEntry)) throw missing(`in ${fileURLToPath(base)}`);
  const ending = folder === undefined && here?.endsWith('.ts') === true ? '.ts' : '.js';
  return {
    poolEntry,
    auditWriter: new URL(`audit-writer${ending}`, base),
    loadPiscina: () => createRequire(poolEntry)(folder === undefined ? 'piscina' : './piscina/main.js') as unknown,
  };
}

function missing(where: string): ConfigError {
  return new ConfigError(
    `no worker files of ganglion ${where}: is it part of a bundle? Leave it out (esbuild --external:ganglion, ` +
      `vite ssr.external), or copy node_modules/ganglion/dist/standalone beside the bundle and name the copy by the ` +
      `option workersUrl`,
  );
}

/** Node's permission model, which workers are subject to as well. */
function mayRead(url: URL): boolean {
  return process.permission?.has('fs.read', fileURLToPath(url)) !== false;
}

/** Inline handlers run anywhere. Threads that are ended and replaced are what other runtimes do differently. */
function refuseOtherRuntimes(): void {
  const { bun, deno } = process.versions;
  const runtime = bun === undefined ? deno && `Deno ${deno}` : `Bun ${bun}`;
  if (runtime === undefined) return;
  throw new RuntimeError(
    `handler modules and the audit log need Node's worker threads, and this is ${runtime}: there a handler thread that ` +
      `is ended can take the process with it. Run it with node 20.19 or newer; handlers that are functions work here too`,
  );
}
