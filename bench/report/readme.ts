// Writes the README's section on performance, and its pictures, from the results of a full run:
//
//   npm run bench -- --json results.json && npm run bench:readme -- results.json
//
// Only what stands between the README's two markers is replaced, and bench/figures/ holds what this run has pictures of.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Results } from '../results.ts';
import { figuresOf } from './figures.ts';
import { performanceSection, replaceSection } from './readme-section.ts';

const FOLDER = 'bench/figures';
/** The folder of package.json, as seen from dist/bench/report/. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Throws with a message for people; nothing is written then. */
function write(path: string, root: string): string {
  const results = JSON.parse(readFileSync(path, 'utf8')) as Partial<Results> | null;
  if (!Array.isArray(results?.rows) || !Array.isArray(results.scenarios)) {
    throw new Error(`${path} is not a file that --json of the bench has written`);
  }
  if (results.quick !== false) throw new Error(`${path} is from a quick run, whose figures mean little`);
  const figures = figuresOf(results as Results);
  const file = join(root, 'README.md');
  const readme = replaceSection(readFileSync(file, 'utf8'), performanceSection(results as Results, figures, FOLDER));
  const folder = join(root, FOLDER);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { files } of figures) for (const [name, content] of files) writeFileSync(join(folder, name), content);
  writeFileSync(file, readme);
  return `README.md and ${figures.length} pictures in ${FOLDER} written from ${path}`;
}

const [path, root = ROOT] = process.argv.slice(2);
try {
  if (path === undefined) throw new Error('usage: npm run bench:readme -- results.json');
  console.log(write(path, resolve(root)));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
