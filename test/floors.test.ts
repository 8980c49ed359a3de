import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';
import { projectRoot, tests } from './helpers.ts';

/**
 * The floors of src/, lowest first: a file imports its own floor or a lower one. A name that ends in `/` stands for
 * everything below that folder. Type-only imports leave no trace in what runs and are free.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['src/errors.ts', 'src/types.ts', 'src/clock.ts', 'src/options/'],
  [
    'src/event.ts',
    'src/event-id.ts',
    'src/event-types.ts',
    'src/pattern.ts',
    'src/routes.ts',
    'src/correlation.ts',
    'src/correlation-http.ts',
    'src/validation.ts',
    'src/codec.ts',
    'src/audit-format.ts',
    'src/serialized-error.ts',
    'src/snapshot.ts',
    'src/emit-options.ts',
    'src/handler-result.ts',
    'src/otel-api.ts',
    'src/trace-context.ts',
    'src/telemetry.ts',
    'src/schemas.ts',
    'src/schema-serializer.ts',
    'src/diagnostics.ts',
    'src/load-advice.ts',
    'src/advice.ts',
    'src/warn.ts',
    'src/redact/',
  ],
  // worker.ts is what a handler module imports inside a thread, where only the shared memory exists.
  ['src/ring/', 'src/protocol.ts', 'src/worker.ts', 'src/worker-urls.ts'],
  ['src/pool/', 'src/inline.ts', 'src/audit/', 'src/dead-letters/', 'src/metrics/', 'src/delivery/'],
  ['src/bus.ts', 'src/bus/'],
  ['src/index.ts', 'src/testing.ts', 'src/testing/', 'src/cli/', 'src/adapters/'],
];

/** The highest floor that exists inside a thread. */
const WORKERS_MAY_IMPORT = 2;

/** Packages that only one place knows, so that replacing one touches one place. */
const PACKAGES: Readonly<Record<string, string>> = {
  piscina: 'src/pool/thread-pool.ts',
  'sonic-boom': 'workers/',
};

/** File → what it imports at run time: files by their path from the project root, packages by their specifier. */
type Graph = ReadonlyMap<string, readonly string[]>;

const covers = (entry: string, file: string): boolean =>
  entry.endsWith('/') ? file.startsWith(entry) : file === entry;
const isWorker = (file: string): boolean => file.startsWith('workers/');

function floorOf(file: string): number | undefined {
  const floor = FLOORS.findIndex((entries) => entries.some((entry) => covers(entry, file)));
  return floor === -1 ? undefined : floor;
}

function checkImport(file: string, imported: string): string | undefined {
  for (const [name, home] of Object.entries(PACKAGES)) {
    if ((imported === name || imported.startsWith(`${name}/`)) && !covers(home, file)) {
      return `${file} imports ${imported}, which only ${home} may`;
    }
  }
  if (isWorker(imported)) {
    return isWorker(file) ? undefined : `${file} imports ${imported}: a thread is started by its URL, never imported`;
  }
  const to = floorOf(imported);
  if (to === undefined) return undefined;
  if (isWorker(file)) {
    return to > WORKERS_MAY_IMPORT
      ? `${file} imports ${imported} of floor ${to}: workers import floors 0 to 2`
      : undefined;
  }
  const from = floorOf(file);
  return from !== undefined && to > from ? `${file} of floor ${from} imports ${imported} of floor ${to}` : undefined;
}

/** Each cycle that a depth-first walk closes, as the path that leads back to its start. */
function findCycles(graph: Graph): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at !== -1) {
      cycles.push(`import cycle: ${[...path.slice(at), file].join(' → ')}`);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const imported of graph.get(file) ?? []) visit(imported);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}

function findViolations(graph: Graph): string[] {
  const found: string[] = [];
  for (const [file, imports] of graph) {
    if (!isWorker(file) && floorOf(file) === undefined) {
      found.push(`${file} is on no floor: add it to FLOORS at the top of test/floors.test.ts`);
    }
    for (const imported of imports) {
      const violation = checkImport(file, imported);
      if (violation !== undefined) found.push(violation);
    }
  }
  return [...found, ...findCycles(graph)];
}

function sources(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
}

async function readGraph(): Promise<Graph> {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: [...sources('src'), ...sources('workers')],
    outdir: 'dist',
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return new Map(Object.entries(metafile.inputs).map(([file, input]) => [file, input.imports.map(({ path }) => path)]));
}

const test = tests('floors');

test('every file of src/ and workers/ imports its own floor or a lower one, without a cycle', async () => {
  const graph = await readGraph();
  assert.ok(graph.has('src/errors.ts'), 'the graph names files by their path from the project root');
  assert.equal(findViolations(graph), []);
});

test('the checker accepts what the floors allow', () => {
  const graph = new Map([
    ['src/index.ts', ['src/bus.ts', 'src/errors.ts']],
    ['src/bus.ts', ['src/pool/thread-pool.ts', 'node:events']],
    ['src/pool/thread-pool.ts', ['piscina', 'src/ring/layout.ts']],
    ['src/ring/layout.ts', ['src/errors.ts']],
    ['src/errors.ts', []],
    ['workers/audit-writer.ts', ['sonic-boom', 'workers/lines.ts', 'src/ring/layout.ts']],
    ['workers/lines.ts', ['src/redact/paths.ts']],
    ['src/redact/paths.ts', []],
  ]);
  assert.equal(findViolations(graph), []);
});

const rejected: readonly (readonly [what: string, file: string, imported: string, message: RegExp])[] = [
  ['a higher floor', 'src/ring/layout.ts', 'src/bus.ts', /layout\.ts of floor 2 imports src\/bus\.ts of floor 4/],
  ['an engine in a worker', 'workers/handler-host.ts', 'src/pool/leases.ts', /workers import floors 0 to 2/],
  ['a worker in the library', 'src/pool/leases.ts', 'workers/handler-host.ts', /started by its URL/],
  ['piscina in a worker', 'workers/handler-host.ts', 'piscina', /only src\/pool\/thread-pool\.ts may/],
  ['piscina elsewhere in the pool', 'src/pool/leases.ts', 'piscina', /only src\/pool\/thread-pool\.ts may/],
  ['sonic-boom in the library', 'src/audit/log.ts', 'sonic-boom', /only workers\/ may/],
  ['a file on no floor', 'src/utils.ts', 'node:fs', /src\/utils\.ts is on no floor: add it to FLOORS/],
];
for (const [what, file, imported, message] of rejected) {
  test(`the checker reports ${what}`, () => {
    const found = findViolations(new Map([[file, [imported]]]));
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', message);
  });
}

test('the checker reports a cycle with its path', () => {
  const graph = new Map([
    ['src/bus.ts', ['src/pool/a.ts']],
    ['src/pool/a.ts', ['src/pool/b.ts']],
    ['src/pool/b.ts', ['src/errors.ts', 'src/pool/a.ts']],
    ['src/errors.ts', []],
  ]);
  assert.equal(findViolations(graph), ['import cycle: src/pool/a.ts → src/pool/b.ts → src/pool/a.ts']);
});

test.run();
