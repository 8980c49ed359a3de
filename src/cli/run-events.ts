import { ALL_OUTCOMES } from '../bus/all-outcomes.ts';
import { EventBus } from '../bus.ts';
import { messageOf } from '../codec.ts';
import { DeadLetterQueue } from '../dead-letters/queue.ts';
import type { Receipt } from '../delivery/pending.ts';
import { MetricsCollector } from '../metrics/collector.ts';
import { NoopMetrics } from '../metrics/noop.ts';
import { Redactor } from '../redact/redactor.ts';
import { type EventBusOptions, OverflowPolicy } from '../types.ts';
import { Failures } from './failures.ts';
import { plural } from './figures.ts';
import { type HandlerOption, subscribeAll } from './handlers.ts';
import type { Input } from './input.ts';
import { Interrupt } from './interrupt.ts';
import { describeLock } from './lock-holder.ts';
import { Progress } from './progress.ts';
import { Rejects } from './rejects.ts';
import { Results } from './results.ts';
import { type RunSummary, summaryLines } from './run-summary.ts';
import { printableJson, type Terminal } from './terminal.ts';

export interface RunPlan {
  readonly handlers: readonly HandlerOption[];
  readonly bus: EventBusOptions;
  readonly redact: boolean;
  readonly attempts: number;
  /** Undefined: lines are events' own. */
  readonly type: string | undefined;
  readonly policy: OverflowPolicy;
  readonly deadLetters: string | undefined;
  readonly audit: string | undefined;
  readonly rejects: string | undefined;
  readonly results: boolean;
  readonly json: boolean;
}

/** Resolves with the exit code. */
export async function runEvents(plan: RunPlan, input: Input, terminal: Terminal): Promise<number> {
  const { out } = terminal;
  const rejects = new Rejects(plan.rejects);
  const redactor = plan.redact ? { redactor: new Redactor() } : {};
  const deadLetterQueue = openDeadLetters(plan.deadLetters, redactor);
  const earlierLetters = deadLetterQueue?.size() ?? 0;
  const metrics = new MetricsCollector(new NoopMetrics());
  const busOptions: EventBusOptions & { [ALL_OUTCOMES]?: Receipt } = {
    ...plan.bus,
    ...redactor,
    metrics,
    ...(deadLetterQueue !== undefined && { deadLetterQueue }),
    ...(plan.results && { [ALL_OUTCOMES]: new Results(out) }),
  };
  const bus = new EventBus(busOptions);
  const failures = new Failures(bus);
  const stop = new AbortController();
  out.gone.addEventListener('abort', () => stop.abort(), { once: true });
  const progress = new Progress(terminal, bus, input, plan.results);
  const interrupt = new Interrupt(() => {
    progress.clear();
    terminal.note(`stopping: ${plural(bus.getPendingCount(), 'event')} under way; Ctrl-C again ends at once`);
    stop.abort();
  });
  try {
    const retry = plan.attempts > 1 ? { retry: { attempts: plan.attempts } } : {};
    subscribeAll(bus, plan.handlers, retry);
    await bus.ready();
    const startedAt = performance.now();
    progress.start();
    const { report, error } = await bus
      .ingest(input.chunks([out, rejects.output]), {
        ...(plan.type !== undefined && { eventType: plan.type }),
        ndjson: true,
        whenFull: plan.policy === OverflowPolicy.BLOCK ? 'wait' : 'policy',
        stopSignal: stop.signal,
        onMalformed: (line) => rejects.add(line),
      })
      .then(
        (report) => ({ report, error: undefined }),
        (error: unknown) => ({ report: undefined, error }),
      );
    await bus.waitForPending({ timeoutMs: Number.POSITIVE_INFINITY });
    const seconds = (performance.now() - startedAt) / 1000;
    progress.end();
    const stats = bus.getStats();
    await bus.shutdown();
    const summary: RunSummary = {
      input: input.name,
      complete: input.ended && error === undefined,
      stopped: interrupt.signal.aborted ? 'interrupted' : out.gone.aborted ? 'output closed' : null,
      error: error === undefined ? null : messageOf(error),
      lines: report?.lines ?? null,
      malformed: rejects.count,
      skipped: report?.skipped ?? 0,
      unhandled: report?.unhandled ?? 0,
      emitted: report?.emitted ?? stats.emitted,
      failed: report?.failed ?? stats.failed,
      dropped: stats.dropped,
      failed_deliveries: failures.deliveries,
      failures: failures.list(),
      handlers: metrics.getSnapshot().handler_stats,
      seconds,
      bytes: input.bytes,
      dead_letters: deadLetterQueue === undefined ? null : deadLettersOf(plan, deadLetterQueue, earlierLetters),
      audit: plan.audit === undefined ? null : { file: plan.audit, lines: stats.audit?.lines ?? 0 },
      rejects: plan.rejects ?? null,
    };
    if (plan.json) {
      if (plan.results) terminal.note(printableJson(JSON.stringify(summary)));
      else terminal.json(summary);
    } else for (const line of summaryLines(summary, rejects.shown)) terminal.note(line);
    // Behind the summary, which a full disk must not take along.
    await rejects.end();
    const well = summary.complete && summary.failed_deliveries === 0 && summary.malformed === 0;
    return well ? 0 : 1;
  } finally {
    progress.end();
    await bus.shutdown();
    deadLetterQueue?.close();
    input.close();
    interrupt.end();
  }
}

function openDeadLetters(path: string | undefined, redactor: { redactor?: Redactor }): DeadLetterQueue | undefined {
  if (path === undefined) return undefined;
  try {
    return new DeadLetterQueue({ path, ...redactor });
  } catch (error) {
    throw describeLock(path, error);
  }
}

function deadLettersOf(plan: RunPlan, queue: DeadLetterQueue, before: number): RunSummary['dead_letters'] {
  const { size, evicted } = queue.getStats();
  return { file: plan.deadLetters!, added: size + evicted - before, evicted };
}
