import type { BusStats } from '../../src/index.ts';
import { count, megabytes, milliseconds, plural } from './format.ts';
import { BROTLI_QUALITY } from './handlers/compress.ts';
import type { OneThread } from './one-thread.ts';
import { percentile, type Tally } from './tally.ts';
import { type LeftOut, MAX_FILE_BYTES } from './walk.ts';

const SHOWN_FAILURES = 5;

export function leftOutLine({ large, largeBytes, links, unreadable, stopped }: LeftOut): string | undefined {
  const parts: string[] = [];
  if (large > 0) parts.push(`${plural(large, 'file')} over ${MAX_FILE_BYTES >> 10} KiB (${megabytes(largeBytes)})`);
  if (links > 0) parts.push(plural(links, 'symbolic link'));
  if (unreadable > 0) parts.push(`${plural(unreadable, 'entry').replace('entrys', 'entries')} that can't be read`);
  if (stopped) parts.push("everything after the demo's limit of files");
  return parts.length === 0 ? undefined : `left out: ${parts.join(', ')}`;
}

export interface Run {
  tally: Tally;
  stats: BusStats;
  oneThread: OneThread;
  seconds: number;
  threads: number;
  linesTimeoutMs: number;
}

/** What is printed at the end. */
export function report(run: Run): string {
  return ['', ...work(run), '', ...latencies(run), '', ...faults(run), ...accounting(run)].join('\n');
}

function work({ tally, oneThread, seconds, threads }: Run): string[] {
  const { bytes, brotliBytes, duplicates, duplicateBytes } = tally;
  const rate = bytes / seconds;
  const oneThreadRate = oneThread.bytes / oneThread.seconds;
  const sample = `${plural(oneThread.files, 'file')}, ${megabytes(oneThread.bytes)} in ${oneThread.seconds.toFixed(2)} s`;
  const which = oneThread.stride === 1 ? 'all files' : `a sample, one in ${oneThread.stride} files by size`;
  // Equal ones by name: the order in which threads came to them differs from run to run.
  const top = [...tally.extensions].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 4);
  return [
    row('work', `${plural(tally.compressMs.length, 'file')}, ${megabytes(bytes)} in ${seconds.toFixed(2)} s`),
    row('brotli', `quality ${BROTLI_QUALITY}: ${megabytes(bytes)} → ${megabytes(brotliBytes)}`),
    row('SHA-256', `${plural(duplicates, 'file')} (${megabytes(duplicateBytes)}) with the content of another`),
    row('lines', `${count(tally.lines)}; ${top.map(([name, n]) => `${name || 'no ending'} ${count(n)}`).join(', ')}`),
    row('speed', `${megabytes(rate)}/s on ${plural(threads, 'thread')}`),
    row('one thread', `${megabytes(oneThreadRate)}/s, measured on ${which} (${sample})`),
    row('speed-up', `${(rate / oneThreadRate).toFixed(2)}×, with what the stuck handler cost`),
  ];
}

function latencies({ tally }: Run): string[] {
  const line = (name: string, values: readonly number[]): string =>
    row(
      name,
      [count(values.length), ...[0.5, 0.99, 1].map((q) => milliseconds(percentile(values, q)))].map(pad).join(''),
    );
  return [
    row('handler', ['calls', 'p50', 'p99', 'longest'].map(pad).join('')),
    line('compress', tally.compressMs),
    line('lines', tally.linesMs),
  ];
}

function faults({ tally, stats, linesTimeoutMs }: Run): string[] {
  const { timedOut, failures } = tally;
  const replaced = `${plural(stats.threads.restarts, 'thread')} replaced`;
  return [
    ...timedOut.map(({ handler, path, lateMs }) =>
      row('timed out', `${handler} on ${path}: ${late(lateMs)} its deadline of ${linesTimeoutMs} ms, ${replaced}`),
    ),
    row('failed', failures.length === 0 ? 'nothing else' : plural(failures.length, 'delivery').replace('ys', 'ies')),
    ...failures.slice(0, SHOWN_FAILURES).map((failure) => row('', failure)),
  ];
}

function accounting({ stats }: Run): string[] {
  const { emitted, completed, failed, dropped, pending } = stats;
  return [
    row(
      'accounting',
      `emitted ${count(emitted)} ${balances(stats) ? '=' : '≠'} completed ${count(completed)} + failed ${count(failed)} + dropped ${count(dropped)} + pending ${count(pending)}`,
    ),
  ];
}

export function balances({ emitted, completed, failed, dropped, pending }: BusStats): boolean {
  return emitted === completed + failed + dropped + pending;
}

export function late(ms: number): string {
  return `settled ${milliseconds(Math.max(0, ms))} after`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(12)}${text}`.trimEnd();
}

function pad(text: string): string {
  return text.padStart(10);
}
