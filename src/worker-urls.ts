/** Worker entry points stand beside the library, as .ts in source and as .js once built. */
const ENDING: string = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

export const POOL_ENTRY: URL = new URL('../workers/pool-entry.cjs', import.meta.url);
export const AUDIT_WRITER: URL = new URL(`../workers/audit-writer${ENDING}`, import.meta.url);
