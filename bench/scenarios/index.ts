import type { Scenario } from '../scenario.ts';
import { auditOn } from './audit-on.ts';
import { auditRedact } from './audit-redact.ts';
import { cpuFactorial, cpuFiles, cpuOffload } from './cpu-offload.ts';
import { deadline } from './deadline.ts';
import { emitCost } from './emit-cost.ts';
import { emitObserved } from './emit-observed.ts';
import { fanOut, mainThread } from './fan-out.ts';
import { fullStrength } from './full-strength.ts';
import { concurrency, ingest, orderingKeys, retryUnused } from './guarantees.ts';
import { killStorm } from './kill-storm.ts';
import { latency } from './latency.ts';
import { memorySoak } from './memory-soak.ts';
import { mixed } from './mixed.ts';
import { binaryBody, oneToOne } from './one-to-one.ts';
import { pingPong, pingPongRested } from './ping-pong.ts';
import { redaction } from './redaction.ts';
import { scaling } from './scaling.ts';
import { stuckHandler } from './stuck-handler.ts';
import { subscriptions } from './subscriptions.ts';
import { throughput, throughputTrivial } from './throughput.ts';

/** In the order they run and are reported. */
export const scenarios: readonly Scenario[] = [
  throughput,
  throughputTrivial,
  oneToOne,
  binaryBody,
  fanOut,
  mainThread,
  pingPong,
  pingPongRested,
  latency,
  cpuOffload,
  cpuFiles,
  cpuFactorial,
  scaling,
  mixed,
  stuckHandler,
  killStorm,
  deadline,
  fullStrength,
  redaction,
  auditRedact,
  auditOn,
  emitCost,
  emitObserved,
  subscriptions,
  orderingKeys,
  concurrency,
  ingest,
  retryUnused,
  memorySoak,
];
