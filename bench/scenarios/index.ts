import type { Scenario } from '../scenario.ts';
import { auditEmit } from './audit-emit.ts';
import { auditLog } from './audit-log.ts';
import { cpuOffload } from './cpu-offload.ts';
import { deadline } from './deadline.ts';
import { emitCost } from './emit-cost.ts';
import { emitObserved, subscriptions } from './emit-observed.ts';
import { fullStrength } from './full-strength.ts';
import { concurrency, ingest, orderingKeys, retryUnused } from './guarantees.ts';
import { killStorm } from './kill-storm.ts';
import { latency } from './latency.ts';
import { memorySoak } from './memory-soak.ts';
import { mixed } from './mixed.ts';
import { pingPong, pingPongRested } from './ping-pong.ts';
import { stuckHandler } from './stuck-handler.ts';
import { throughput, throughputTrivial } from './throughput.ts';

/** In the order they run and are reported. */
export const scenarios: readonly Scenario[] = [
  throughput,
  throughputTrivial,
  pingPong,
  pingPongRested,
  latency,
  cpuOffload,
  mixed,
  stuckHandler,
  killStorm,
  emitCost,
  auditLog,
  auditEmit,
  emitObserved,
  subscriptions,
  orderingKeys,
  concurrency,
  ingest,
  retryUnused,
  deadline,
  fullStrength,
  memorySoak,
];
