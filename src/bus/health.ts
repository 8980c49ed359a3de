import type { BusStats, HealthCheck, HealthReport } from '../types.ts';

/** A ring, or the limit of pending events, counts as nearly full from this share on. */
const HIGH_MARK = 0.8;
const RANK = { ok: 0, degraded: 1, failed: 2 } as const;

/** What health looks at beside the stats. */
export interface Condition {
  readonly stats: BusStats;
  readonly closed: boolean;
  readonly maxPendingEvents: number;
  /** Handler threads that there should be; 0 before the first handler module. */
  readonly threads: number;
  /** Why no thread comes up. */
  readonly threadError: Error | undefined;
  /** Handler modules that could not be loaded. */
  readonly unloadable: readonly string[];
}

/** Each check says in one sentence what it found. */
export function healthOf(condition: Condition): HealthReport {
  const checks = [threads(condition), modules(condition), ring(condition), pending(condition), quarantine(condition)];
  if (condition.stats.audit_enabled) checks.push(audit(condition.stats));
  if (condition.closed) checks.unshift({ name: 'bus', status: 'failed', diagnosis: 'The bus is shut down.' });
  const status = checks.reduce<HealthReport['status']>(
    (worst, check) => (RANK[check.status] > RANK[worst] ? check.status : worst),
    'ok',
  );
  return { status, checks };
}

function threads({ stats, threads: wanted, threadError, closed }: Condition): HealthCheck {
  const { live, zombies } = stats.threads;
  const check = (status: HealthCheck['status'], diagnosis: string): HealthCheck => ({
    name: 'threads',
    status,
    diagnosis,
  });
  if (wanted === 0) return check('ok', 'No handler module is subscribed, so no thread is needed.');
  if (threadError !== undefined) return check('failed', `No handler thread comes up: ${threadError.message}.`);
  if (closed) return check('failed', 'The handler threads are ended.');
  if (live === 0) return check('failed', `None of ${wanted} handler threads is up.`);
  if (live < wanted) return check('degraded', `${live} of ${wanted} handler threads are up.`);
  if (zombies > 0) {
    return check(
      'degraded',
      `All ${wanted} handler threads are up, and ${zombies} ended ${zombies === 1 ? 'one is' : 'ones are'} still in native code.`,
    );
  }
  return check('ok', `All ${wanted} handler threads are up.`);
}

function modules({ unloadable }: Condition): HealthCheck {
  if (unloadable.length === 0)
    return { name: 'modules', status: 'ok', diagnosis: 'Every handler module that was tried is loaded.' };
  return { name: 'modules', status: 'failed', diagnosis: `${list(unloadable)} could not be loaded.` };
}

function ring({
  stats: {
    ring: { slots, used },
  },
}: Condition): HealthCheck {
  const share = used / slots;
  const diagnosis = `${used} of ${slots} slots of the dispatch ring are in use.`;
  return { name: 'ring', status: share < HIGH_MARK ? 'ok' : 'degraded', diagnosis };
}

function pending({ stats: { pending: count }, maxPendingEvents }: Condition): HealthCheck {
  const share = count / maxPendingEvents;
  return {
    name: 'pending',
    status: share >= 1 ? 'failed' : share >= HIGH_MARK ? 'degraded' : 'ok',
    diagnosis: `${count} events are pending, the limit is ${maxPendingEvents}.`,
  };
}

function quarantine({ stats: { quarantined } }: Condition): HealthCheck {
  if (quarantined === 0) return { name: 'quarantine', status: 'ok', diagnosis: 'No handler is quarantined.' };
  const are = quarantined === 1 ? 'handler is' : 'handlers are';
  return {
    name: 'quarantine',
    status: 'degraded',
    diagnosis: `${quarantined} ${are} quarantined after repeated failures.`,
  };
}

function audit(stats: BusStats): HealthCheck {
  const { errors = 0, lag_events = 0 } = stats.audit ?? {};
  // Writes are tried again: once nothing waits, the errors are of the past.
  if (errors > 0 && lag_events > 0) {
    const diagnosis = `${errors} writes of the audit log have failed, and ${lag_events} events wait to be written.`;
    return { name: 'audit', status: 'failed', diagnosis };
  }
  return { name: 'audit', status: 'ok', diagnosis: `The audit log is written; ${lag_events} events wait to be.` };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
