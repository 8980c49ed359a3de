import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { transform } from 'esbuild';
import * as assert from 'uvu/assert';
import * as ganglion from '../src/index.ts';
import { resolveBusOptions } from '../src/options/bus.ts';
import { WARNING_CODES } from '../src/warn.ts';
import { inFolder, projectRoot, tests } from './helpers.ts';
import { type Ended, run } from './programs.ts';

/** A block of code: `file` from the comment it starts with, if it starts with one that is nothing but a file's name. */
interface Block {
  heading: string;
  line: number;
  language: 'js' | 'ts';
  file: string | undefined;
  code: string;
}

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let block: Block | undefined;
  let fenced = false;
  for (const [i, line] of markdown.split('\n').entries()) {
    if (line.startsWith('```')) {
      if (!fenced && /^```[jt]s$/.test(line)) {
        block = { heading, line: i + 1, language: line.slice(3) as 'js' | 'ts', file: undefined, code: '' };
        blocks.push(block);
      } else block = undefined;
      fenced = !fenced;
    } else if (block !== undefined) {
      if (block.code === '') block.file = /^\/\/ ([\w-]+\.[jt]s)$/.exec(line)?.[1];
      block.code += `${line}\n`;
    } else if (!fenced && line.startsWith('#')) heading = line.replace(/^#+ /, '');
  }
  return blocks;
}

interface Program {
  name: string;
  main: Block;
  modules: Block[];
}

/** A program is a block that no other names, with the blocks of its heading and language that it does name. */
function programsOf(blocks: readonly Block[]): Program[] {
  const names = (by: Block, block: Block): boolean =>
    block.file !== undefined &&
    by !== block &&
    by.heading === block.heading &&
    by.language === block.language &&
    by.code.includes(`./${block.file}`);
  const mains = blocks.filter((block) => !blocks.some((by) => names(by, block)));
  return mains.map((main) => ({
    name: `${main.heading}, line ${main.line}`,
    main,
    modules: blocks.filter((block) => names(main, block)),
  }));
}

async function write(folder: string, block: Block): Promise<string> {
  const path = join(folder, block.file ?? `main.${block.language}`);
  if (block.language === 'js' || (process.features as { typescript?: unknown }).typescript) {
    writeFileSync(path, block.code);
    return path;
  }
  // Compiled, with the modules named as the README says for that. `await using` is newer than the oldest Node, too.
  const named = block.code.replace(/(new URL\('\.\/\w+)\.ts'/g, "$1.js'");
  const { code } = await transform(named, { loader: 'ts', target: 'node20.19', format: 'esm' });
  const compiled = path.replace(/ts$/, 'js');
  writeFileSync(compiled, code);
  return compiled;
}

const HANG_MS = 20_000;

/** Runs a program in a folder of its own, where `ganglion` is this package as it was built. */
function runProgram({ main, modules }: Program): Promise<Ended> {
  return inFolder(async (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(projectRoot, join(folder, 'node_modules', 'ganglion'), 'junction');
    symlinkSync(join(projectRoot, 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'), 'junction');
    for (const module of modules) await write(folder, module);
    return run(process.execPath, [await write(folder, main)], { cwd: folder, timeoutMs: HANG_MS });
  });
}

const expectedOutput = ({ code }: Block): string =>
  [...code.matchAll(/\/\/ → (.*)\n/g)].map((m) => `${m[1]}\n`).join('');

/** Rows of the table that follows a text, as cells without their code marks. */
function tableAfter(text: string): string[][] {
  const rest = readme.slice(readme.indexOf(text) + text.length).split('\n');
  const start = rest.findIndex((line) => line.startsWith('|'));
  const end = rest.findIndex((line, i) => i > start && !line.startsWith('|'));
  return rest.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const test = tests('readme');
const programs = programsOf(blocksOf(readme));

for (const program of programs) {
  test(`runs as printed: ${program.name}`, async () => {
    const { code, stdout, stderr } = await runProgram(program);
    assert.is(stderr, '');
    assert.is(code, 0, code === null ? `killed after ${HANG_MS} ms` : stdout);
    const expected = expectedOutput(program.main);
    if (expected !== '') assert.is(stdout, expected);
  });
}

test('every code block belongs to a program, and every program says what it prints', () => {
  const fences = readme.match(/^```[a-z]+$/gm)?.filter((fence) => !/^```(text|sh)$/.test(fence)) ?? [];
  const used = new Set(programs.flatMap(({ main, modules }) => [main, ...modules]));
  assert.is(used.size, fences.length);
  assert.equal(
    programs.filter(({ main }) => expectedOutput(main) === '').map(({ name }) => name),
    [],
  );
});

test('the table of options names each option with its default', () => {
  const { threads, ringSlots, ringBytes, worker, audit, ...rest } = resolveBusOptions();
  assert.is(audit, undefined);
  assert.is(threads, Math.min(availableParallelism(), 256));
  assert.equal(worker, {});
  const shown: Record<string, string> = {
    maxConcurrentHandlers: 'os.availableParallelism()',
    ring: inspect({ slots: ringSlots, bytes: ringBytes }, { numericSeparator: true }),
    resourceLimits: "Node's",
    execArgv: "Node's",
    env: "Node's",
    workersUrl: "the package's files",
    enableAudit: 'with eventLogPath',
    eventLogPath: 'none',
    maxLogSizeBytes: 'no rotation',
    maxLogFiles: '5',
    auditFsync: "'rotate'",
    redactor: 'none',
    auditSeal: 'false',
    onSeal: 'none',
    metrics: 'none',
    validator: 'new EventValidator()',
    schemas: 'none',
    tracing: 'by what is registered',
  };
  for (const [name, value] of Object.entries(rest)) shown[name] ??= inspect(value, { numericSeparator: true });
  const table = tableAfter('`new EventBus(options)`');
  assert.equal(Object.fromEntries(table.map(([name, value]) => [name, value])), shown);
});

test('the table of subscription options names each of them', () => {
  const bus = new ganglion.EventBus();
  let message = '';
  try {
    bus.subscribe(() => {}, 'a', { unheardOf: 1 } as ganglion.SubscribeOptions);
  } catch (error) {
    ({ message } = error as Error);
  }
  const known = /it takes (.+)/.exec(message)?.[1]?.split(', ');
  assert.ok(known !== undefined && known.length > 0, message);
  const shown = tableAfter('`bus.subscribe(handler, patterns, options)`').map(([name]) => String(name));
  assert.equal(new Set(shown), new Set(known));
});

test('the table of errors names each class with its code', () => {
  const classes = Object.entries(ganglion)
    .map(([name, value]) => [name, (value as { code?: unknown }).code])
    .filter(([, code]) => typeof code === 'string' && code.startsWith('ERR_GANGLION_'));
  const table = tableAfter('\n## Errors').map(([name, code]) => [name, code]);
  assert.ok(classes.length > 0);
  const byName = ([a]: unknown[], [b]: unknown[]): number => (String(a) < String(b) ? -1 : 1);
  assert.equal(table.toSorted(byName), classes.toSorted(byName));
});

/** Each type of event that the sources raise under `system.`. */
function systemEvents(): Set<string> {
  const types = new Set<string>();
  for (const folder of ['src', 'workers']) {
    for (const name of readdirSync(join(projectRoot, folder), { recursive: true }) as string[]) {
      if (!name.endsWith('.ts')) continue;
      const text = readFileSync(join(projectRoot, folder, name), 'utf8');
      for (const [, type] of text.matchAll(/'(system\.\w+)'/g)) types.add(type!);
    }
  }
  return types;
}

test("the table of the bus's own events names each of them", () => {
  const shown = tableAfter("\n## The bus's own events").map(([type]) => String(type));
  assert.equal(new Set(shown), systemEvents());
});

test('the table of warnings names each code', () => {
  const shown = tableAfter('is a process warning').map(([code]) => String(code));
  assert.equal(new Set(shown), new Set(['ERR_GANGLION_AUDIT_WRITE', ...WARNING_CODES]));
});

/** What the README holds, in this order; other chapters may stand between these. */
const CHAPTERS = [
  'In ten lines',
  'How it works',
  'Performance',
  'What it guarantees',
  'Examples',
  'A function on the main thread',
  'A CPU-heavy module, and a handler that hangs',
  'Results and errors',
  'Back-pressure',
  'Audit log and redaction',
  'Dead letters and retries',
  'Correlation over HTTP',
  'A handler in TypeScript',
  'Shutdown',
  'Options',
  'Errors',
  'Beside other libraries',
  'Coming from the Python library',
  'Limits',
];

test('the chapters stand in their order', () => {
  const headings = [...readme.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading!);
  assert.equal(
    headings.filter((heading) => CHAPTERS.includes(heading)),
    CHAPTERS,
  );
});

test.run();
