import type { HandlerStats } from '../metrics/collector.ts';
import type { FailureGroup } from './failures.ts';
import { count, megabytes, milliseconds, plural } from './figures.ts';
import { clip, printable, table } from './terminal.ts';

/** What a run came to; with `--json` it is printed as it stands. */
export interface RunSummary {
  input: string;
  /** All of the input was read. */
  complete: boolean;
  stopped: 'interrupted' | 'output closed' | null;
  /** What ended the reading, if not the end of the input. */
  error: string | null;
  /** Null: it was not counted, because of that error. */
  lines: number | null;
  malformed: number;
  /** The bus's own records in a log. */
  skipped: number;
  unhandled: number;
  /** Events of the input. */
  emitted: number;
  /** Of those: at least one handler failed. */
  failed: number;
  dropped: number;
  /** With those of events that handlers emitted. */
  failed_deliveries: number;
  failures: FailureGroup[];
  handlers: Record<string, HandlerStats>;
  seconds: number;
  bytes: number;
  dead_letters: { file: string; added: number; evicted: number } | null;
  audit: { file: string; lines: number } | null;
  rejects: string | null;
}

const MAX_MESSAGE = 160;

export function summaryLines(
  summary: RunSummary,
  malformed: readonly { readonly line: number; readonly reason: string }[],
): string[] {
  return [head(summary), ...notes(summary), ...malformedLines(summary, malformed), ...handlerLines(summary)];
}

function head({ lines, emitted, failed, seconds, bytes }: RunSummary): string {
  const rate = count(Math.round((lines ?? emitted) / Math.max(seconds, 1e-3)));
  const what = lines === null ? plural(emitted, 'event') : plural(lines, 'line');
  return `${what}, ${count(failed)} failed, in ${milliseconds(seconds * 1_000)} (${rate}/s, ${megabytes(bytes)})`;
}

function notes(summary: RunSummary): string[] {
  const { stopped, error, complete, unhandled, skipped, dropped, dead_letters: dead, audit } = summary;
  const lines: string[] = [];
  if (error !== null) lines.push(`the input was not read to its end: ${printable(error)}`);
  else if (!complete) {
    const why = stopped === 'output closed' ? 'nobody reads the output any more' : 'interrupted';
    lines.push(`${why}: the input was not read to its end`);
  }
  if (unhandled > 0) lines.push(`${plural(unhandled, 'event')} matched no --on pattern and had no handler`);
  if (skipped > 0) lines.push(`${plural(skipped, 'line')} skipped: records of the bus that wrote the log`);
  if (dropped > 0) lines.push(`${plural(dropped, 'event')} dropped`);
  if (dead !== null && dead.added > 0) {
    const lost = dead.evicted > 0 ? `; the oldest ${count(dead.evicted)} had to go for newer ones` : '';
    lines.push(`${plural(dead.added, 'dead letter')} in ${printable(dead.file)}${lost}`);
  }
  if (audit !== null) lines.push(`${plural(audit.lines, 'line')} in the audit log ${printable(audit.file)}`);
  return lines;
}

function malformedLines(
  { malformed, rejects }: RunSummary,
  shown: readonly { line: number; reason: string }[],
): string[] {
  if (malformed === 0) return [];
  const kept = rejects === null ? '' : `, kept in ${printable(rejects)}`;
  const lines = shown.map(({ line, reason }) => `  line ${line}: ${clip(printable(reason), MAX_MESSAGE)}`);
  if (malformed > shown.length) lines.push(`  and ${count(malformed - shown.length)} more`);
  return [`${plural(malformed, 'malformed line')}${kept}`, ...lines];
}

function handlerLines({ handlers, failures, failed_deliveries }: RunSummary): string[] {
  const names = Object.keys(handlers);
  if (names.length === 0) return [];
  const rows = names.map((name) => {
    const { total_calls, failure_count, timeout_count, p50_ms, p99_ms } = handlers[name]!;
    const figures = [total_calls, failure_count, timeout_count].map(count);
    return [printable(name), ...figures, milliseconds(p50_ms), milliseconds(p99_ms)];
  });
  const told = failures.map(({ handler, reason, message, count: n }) =>
    clip(`  ${count(n)} × ${printable(handler)} ${reason}: ${printable(message)}`, MAX_MESSAGE),
  );
  const rest = failed_deliveries - failures.reduce((sum, { count: n }) => sum + n, 0);
  if (rest > 0) told.push(`  and ${count(rest)} more`);
  return [...table([['handler', 'calls', 'failed', 'timed out', 'p50', 'p99'], ...rows], [1, 2, 3, 4, 5]), ...told];
}
