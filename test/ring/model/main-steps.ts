import {
  ANY_PARKED,
  ASLEEP,
  base,
  CELL,
  CLAIMED,
  DEAD,
  DYING,
  EPOCH,
  FREE,
  GONE,
  HINT,
  I,
  IDLE,
  MAIN,
  type Model,
  NEXT,
  PARK,
  PARK_2,
  PARKED,
  PC,
  PUBLISH,
  PUBLISHED,
  READY,
  RECOVER_SLOT,
  REWIND_CAS,
  REWIND_LOAD,
  REWIND_SLOT,
  RUNNING,
  SEEN_HINT,
  type State,
  TAKE_CELL,
  THREAD_WORDS,
  THREADS,
  UNCOUNT_DEAD,
  UNPARK_DEAD,
  VICTIM,
  WAKE_ALL,
  WAKE_ALL_NOTIFY,
  WAKE_ALL_UNCOUNT,
  WAKE_NOTIFY,
  WAKE_ONE,
  WAKE_UNCOUNT,
  word,
} from './state.ts';

/** Every state that one atomic operation of the main thread leads to. */
export function mainSteps(m: Model, s: State, out: State[]): void {
  const step = (change: (copy: State) => void): void => {
    const copy = s.slice();
    change(copy);
    out.push(copy);
  };
  const goto =
    (pc: number, i = 0) =>
    (copy: State) => {
      copy[MAIN] = pc;
      copy[I] = i;
    };
  const buried = (copy: State): void => {
    const b = base(copy[VICTIM]!);
    copy.fill(0, b, b + THREAD_WORDS);
    copy[b + DEAD] = GONE;
    copy[VICTIM] = 0;
    copy[SEEN_HINT] = 0;
    goto(IDLE)(copy);
  };
  const i = s[I]!;
  const victim = s[VICTIM]!;
  const slot = m.slots + i;
  const parked = (t: number): boolean => m.rules.ownWords && s[base(t) + PARK] === 1;
  switch (s[MAIN]) {
    case IDLE:
      if (s[NEXT]! < m.events) {
        step((copy) => {
          copy[m.slots + copy[NEXT]!++] = word(READY, 0);
          copy[MAIN] = PUBLISH;
        });
      }
      for (let t = 0; t < THREADS; t++) {
        const b = base(t);
        if (s[b + DEAD] === DYING) {
          step((copy) => {
            copy[MAIN] = TAKE_CELL;
            copy[VICTIM] = t;
          });
        } else if (s[b + DEAD] === GONE) {
          // A new thread under the same owner number.
          step((copy) => copy.fill(0, b, b + THREAD_WORDS));
        }
      }
      break;
    case PUBLISH:
      step((copy) => {
        copy[PUBLISHED]!++;
        copy[MAIN] = ANY_PARKED;
      });
      break;
    case ANY_PARKED:
      step(goto(s[PARKED]! > 0 ? (m.rules.ownWords ? WAKE_ONE : WAKE_NOTIFY) : IDLE));
      break;
    case WAKE_ONE:
      if (!parked(i)) step(i + 1 < THREADS ? goto(WAKE_ONE, i + 1) : goto(IDLE));
      else {
        step((copy) => {
          copy[base(i) + PARK] = 0;
          copy[MAIN] = WAKE_UNCOUNT;
        });
      }
      break;
    case WAKE_UNCOUNT:
    case WAKE_ALL_UNCOUNT:
      step((copy) => {
        copy[PARKED]!--;
        copy[MAIN]!++;
      });
      break;
    case WAKE_NOTIFY:
      if (m.rules.ownWords) notify(s, i, goto(IDLE), out);
      else notifyAny(s, goto(IDLE), out);
      break;
    case TAKE_CELL:
      step((copy) => {
        const at = base(victim) + CELL;
        if (copy[at]! > 0) copy[m.settled + copy[at]! - 1]!++;
        copy[MAIN] = RECOVER_SLOT;
      });
      break;
    case RECOVER_SLOT:
      if (i >= s[NEXT]!) step(m.rules.rewind ? goto(REWIND_SLOT) : goto(UNPARK_DEAD));
      else {
        step((copy) => {
          if (copy[slot] === word(CLAIMED, victim + 1)) copy[slot] = word(READY, 0);
          else if (copy[slot] === word(RUNNING, victim + 1)) {
            // It may stand in its cell as well, and was settled from there.
            if (copy[base(victim) + CELL] !== i + 1) copy[m.settled + i]!++;
            copy[slot] = FREE;
          }
          copy[I]!++;
        });
      }
      break;
    case REWIND_SLOT:
      if (i >= s[NEXT]!) step(goto(UNPARK_DEAD));
      else step(s[slot] === word(READY, 0) ? goto(REWIND_LOAD, i) : goto(REWIND_SLOT, i + 1));
      break;
    case REWIND_LOAD:
      step((copy) => {
        copy[SEEN_HINT] = copy[HINT]!;
        copy[MAIN] = copy[HINT]! > i ? REWIND_CAS : UNPARK_DEAD;
      });
      break;
    case REWIND_CAS:
      step((copy) => {
        copy[MAIN] = REWIND_LOAD;
        if (copy[HINT] !== copy[SEEN_HINT]) return;
        copy[HINT] = i;
        copy[MAIN] = UNPARK_DEAD;
      });
      break;
    case UNPARK_DEAD: {
      const pc = s[base(victim) + PC]!;
      const counted = m.rules.ownWords ? parked(victim) : pc >= PARK_2;
      step((copy) => {
        copy[base(victim) + PARK] = 0;
        goto(counted ? UNCOUNT_DEAD : WAKE_ALL)(copy);
      });
      break;
    }
    case UNCOUNT_DEAD:
      step((copy) => {
        copy[PARKED]!--;
        goto(WAKE_ALL)(copy);
      });
      break;
    case WAKE_ALL:
      if (!m.rules.notifyAll || i >= THREADS) step(buried);
      else if (!m.rules.ownWords) {
        step((copy) => {
          copy[EPOCH]!++;
          for (let t = 0; t < THREADS; t++) copy[base(t) + ASLEEP] = 0;
          buried(copy);
        });
      } else if (!parked(i)) step(goto(WAKE_ALL, i + 1));
      else {
        step((copy) => {
          copy[base(i) + PARK] = 0;
          copy[MAIN] = WAKE_ALL_UNCOUNT;
        });
      }
      break;
    case WAKE_ALL_NOTIFY:
      notify(s, i, goto(WAKE_ALL, i + 1), out);
      break;
  }
}

function notify(s: State, t: number, then: (copy: State) => void, out: State[]): void {
  const copy = s.slice();
  copy[base(t) + ASLEEP] = 0;
  then(copy);
  out.push(copy);
}

/** Whoever sleeps on the one word, also one that is dying: the choice is not main's. */
function notifyAny(s: State, then: (copy: State) => void, out: State[]): void {
  const sleepers = [0, 1].filter((t) => s[base(t) + ASLEEP] === 1);
  for (const t of sleepers.length === 0 ? [-1] : sleepers) {
    const copy = s.slice();
    copy[EPOCH]!++;
    if (t !== -1) copy[base(t) + ASLEEP] = 0;
    then(copy);
    out.push(copy);
  }
}
