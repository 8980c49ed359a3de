// npm run bench: see options.ts for what it takes, scenarios/ for what it measures.
import { writeFileSync } from 'node:fs';
import { resultsJson, rowsOf, scenarioResults } from './collect.ts';
import { changes, changesText, readResults } from './compare.ts';
import { machineFacts } from './machine.ts';
import { type BenchOptions, listOf, readOptions, USAGE, UsageError } from './options.ts';
import { openProgress } from './progress.ts';
import { factsText, reportText } from './report/text.ts';
import type { Results } from './results.ts';
import { runScenario, type ScenarioResult } from './runner.ts';
import { scenarios as all } from './scenarios/index.ts';
import { seededRandom } from './statistics.ts';

async function bench(options: BenchOptions): Promise<Results> {
  const { threads, repetitions, quick, seed, seconds: runSeconds, size, rate } = options;
  const started = Date.now();
  const machine = machineFacts();
  console.log(`${factsText(machine, threads, repetitions, seed)}\n`);
  const progress = openProgress(process.stderr);
  const run = {
    threads,
    quick,
    repetitions,
    random: seededRandom(seed),
    ...(runSeconds === undefined ? {} : { seconds: runSeconds }),
    ...(size === undefined ? {} : { size }),
    ...(rate === undefined ? {} : { rate }),
  };
  const results: ScenarioResult[] = [];
  for (const scenario of options.scenarios) {
    const result = await runScenario(scenario, run, progress);
    if (result.error !== undefined) progress.step(`${scenario.name} FAILED: ${result.error}`);
    results.push(result);
  }
  progress.clear();
  const rows = results.flatMap(rowsOf);
  const seconds = (Date.now() - started) / 1000;
  return { machine, quick, seed, threads, repetitions, seconds, rows, scenarios: results.map(scenarioResults) };
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, all);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (options.list) {
    console.log(listOf(all));
    return 0;
  }
  // Read before minutes are spent on measuring.
  const before = options.compare === undefined ? undefined : readResults(options.compare);
  const results = await bench(options);
  console.log(reportText(results));
  if (options.json !== undefined) writeFileSync(options.json, resultsJson(results));
  if (options.html !== undefined) {
    const { reportHtml } = await import('./report/html.ts');
    writeFileSync(options.html, reportHtml(results));
  }
  const changed = before === undefined ? [] : changes(before, results);
  if (before !== undefined) console.log(`\n${changesText(changed, options.compare!)}`);
  // A missed target is a figure to look at; lost work is a fault, and so is what got much worse.
  const failed = results.scenarios.some(({ error }) => error !== undefined);
  return failed || changed.some(({ worse }) => worse) ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
