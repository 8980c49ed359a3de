import { mainSteps } from './main-steps.ts';
import {
  ASLEEP,
  AT,
  base,
  CLAIM_SLOT,
  CLAIMED,
  DEAD,
  DYING,
  FROM,
  GONE,
  HANDLER,
  HINT,
  IDLE,
  KILLS,
  MAIN,
  Model,
  PC,
  PUBLISHED,
  READY,
  type Rules,
  SHARE,
  type State,
  stateOf,
  THREAD_WORDS,
  THREADS,
} from './state.ts';
import { threadStep } from './thread-steps.ts';

export interface Explored {
  readonly states: number;
  /** The first broken promise that was found. */
  readonly violation: string | undefined;
}

/** Every state that the protocol can come to; ends at the first that breaks a promise. */
export function explore(rules: Rules, events: number, kills: number, limit = 2_000_000): Explored {
  const m = new Model(rules, events, kills);
  const first = new Int8Array(m.size);
  const key = (s: State): string => Buffer.from(s.buffer).toString('latin1');
  const seen = new Set<string>([key(first)]);
  const open: State[] = [first];
  for (let s = open.pop(); s !== undefined; s = open.pop()) {
    const next = steps(m, s);
    const violation = check(m, s, next.length === 0);
    if (violation !== undefined) return { states: seen.size, violation };
    if (seen.size > limit) throw new Error(`more than ${limit} states`);
    // A death is a possibility, not a way on: a state that only a death leads out of is final.
    for (const one of [...next, ...deaths(m, s)]) {
      const k = key(one);
      if (seen.has(k)) continue;
      seen.add(k);
      open.push(one);
    }
  }
  return { states: seen.size, violation: undefined };
}

/** All states that one step of anybody leads to. */
function steps(m: Model, s: State): State[] {
  const out: State[] = [];
  for (let t = 0; t < THREADS; t++) {
    if (s[base(t) + DEAD] !== 0 || s[base(t) + ASLEEP] !== 0) continue;
    const copy = s.slice();
    threadStep(m, copy, t, base(t));
    out.push(copy);
  }
  mainSteps(m, s, out);
  return out;
}

function deaths(m: Model, s: State): State[] {
  const out: State[] = [];
  if (s[KILLS]! >= m.kills) return out;
  for (let t = 0; t < THREADS; t++) {
    if (s[base(t) + DEAD] !== 0) continue;
    const copy = s.slice();
    const b = base(t);
    copy[b + DEAD] = DYING;
    copy[KILLS]!++;
    // Nobody sees any more what it had in hand; who sleeps on a common word stays in its list until the exit.
    copy.fill(0, b + FROM, b + THREAD_WORDS);
    if (m.rules.ownWords) copy.fill(0, b + PC, b + FROM);
    if (m.rules.ownWords) copy[b + ASLEEP] = 0;
    out.push(copy);
  }
  return out;
}

function check(m: Model, s: State, final: boolean): string | undefined {
  for (let e = 0; e < m.events; e++) {
    if (s[m.started + e]! > 1) return `event ${e} was started twice under one attempt`;
    if (s[m.settled + e]! > 1) return `event ${e} was settled twice`;
    if (final && s[m.settled + e] !== 1) return `event ${e} was lost: nobody will come to it`;
  }
  const threads = [0, 1].map((t) => base(t));
  // Without its mark in the slot a claimed event can't be told from one that nobody has.
  if (s[MAIN] !== IDLE || !m.rules.claimInSlot || threads.some((b) => s[b + DEAD] === DYING)) return undefined;
  const asleep = threads.some((b) => s[b + ASLEEP] === 1);
  const resting = threads.every((b) => s[b + ASLEEP] === 1 || s[b + PC] === HANDLER || s[b + DEAD] === GONE);
  for (let e = 0; e < s[PUBLISHED]!; e++) {
    const state = stateOf(s[m.slots + e]!);
    if (asleep && resting && (state === READY || state === CLAIMED))
      return `event ${e} waits beside a thread that sleeps`;
    if (state !== READY || e >= s[HINT]!) continue;
    const coming = threads.some(
      (b) => s[b + PC] === CLAIM_SLOT && s[b + FROM]! + s[b + AT]! <= e && e < s[b + FROM]! + s[b + SHARE]!,
    );
    if (!coming) return `event ${e} is READY behind the hint`;
  }
  return undefined;
}
