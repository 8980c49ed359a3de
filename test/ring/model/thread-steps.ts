import {
  ASLEEP,
  AT,
  CELL,
  CLAIM_HINT,
  CLAIM_SLOT,
  CLAIMED,
  COUNT,
  EPOCH,
  FILL_CELL,
  FIRST,
  FREE,
  FREE_SLOT,
  FROM,
  HANDLER,
  HINT,
  LOAD_HINT,
  LOAD_PUBLISHED,
  LOOK_HINT,
  LOOK_PUBLISHED,
  LOOK_SLOT,
  MAX_SHARE,
  type Model,
  PARK,
  PARK_1,
  PARK_2,
  PARKED,
  PC,
  PUBLISHED,
  READY,
  RUNNING,
  SEEN,
  SHARE,
  START,
  STEAL_LOAD,
  STEAL_TAKE,
  type State,
  stateOf,
  THREAD_WORDS,
  UNCOUNT,
  UNPARK,
  WAIT,
  word,
} from './state.ts';

/** One atomic operation of thread `t`, whose words begin at `b`. */
export function threadStep(m: Model, s: State, t: number, b: number): void {
  const owner = t + 1;
  switch (s[b + PC]) {
    case LOAD_HINT:
      s[b + FROM] = s[HINT]!;
      s[b + PC] = LOAD_PUBLISHED;
      break;
    case LOAD_PUBLISHED: {
      const backlog = s[PUBLISHED]! - s[b + FROM]!;
      s[b + SHARE] = Math.min(backlog, MAX_SHARE);
      s[b + PC] = CLAIM_HINT;
      if (backlog <= 0) search(m, s, b, STEAL_LOAD);
      break;
    }
    case CLAIM_HINT:
      s[b + PC] = LOAD_HINT;
      if (s[HINT] !== s[b + FROM]) break;
      s[HINT]! += s[b + SHARE]!;
      s[b + AT] = 0;
      s[b + COUNT] = 0;
      s[b + PC] = CLAIM_SLOT;
      if (m.rules.claimInSlot) break;
      for (let i = 0; i < s[b + SHARE]!; i++) s[b + FIRST + i] = s[b + FROM]! + i;
      s[b + COUNT] = s[b + SHARE]!;
      s[b + PC] = START;
      break;
    case CLAIM_SLOT: {
      const slot = s[b + FROM]! + s[b + AT]!++;
      if (s[m.slots + slot] === word(READY, 0)) {
        s[m.slots + slot] = word(CLAIMED, owner);
        s[b + FIRST + s[b + COUNT]!++] = slot;
      }
      if (s[b + AT]! < s[b + SHARE]!) break;
      s[b + AT] = 0;
      s[b + PC] = s[b + COUNT]! > 0 ? START : LOAD_HINT;
      break;
    }
    case START: {
      const slot = m.slots + s[b + FIRST + s[b + AT]!]!;
      if (m.rules.claimInSlot && s[slot] !== word(CLAIMED, owner)) {
        following(m, s, b);
        break;
      }
      if (m.rules.runningMark) s[slot] = word(RUNNING, owner);
      s[m.started + slot - m.slots]!++;
      s[b + PC] = FILL_CELL;
      break;
    }
    case FILL_CELL:
      s[b + CELL] = s[b + FIRST + s[b + AT]!]! + 1;
      s[b + PC] = FREE_SLOT;
      break;
    case FREE_SLOT:
      s[m.slots + s[b + CELL]! - 1] = FREE;
      s[b + PC] = HANDLER;
      break;
    case HANDLER:
      s[m.settled + s[b + CELL]! - 1]!++;
      s[b + CELL] = 0;
      following(m, s, b);
      break;
    case STEAL_LOAD: {
      const seen = s[m.slots + s[b + AT]!]!;
      if (m.rules.claimInSlot && stealable(seen, owner)) {
        s[b + SEEN] = seen;
        s[b + PC] = STEAL_TAKE;
      } else if (++s[b + AT]! >= s[b + SHARE]!) park(m, s, b);
      break;
    }
    case STEAL_TAKE: {
      const slot = s[b + AT]!;
      if (m.rules.stealByCas && s[m.slots + slot] !== s[b + SEEN]) {
        s[b + PC] = STEAL_LOAD;
        if (++s[b + AT]! >= s[b + SHARE]!) park(m, s, b);
        break;
      }
      s[m.slots + slot] = word(CLAIMED, owner);
      s[b + FIRST] = slot;
      s[b + COUNT] = 1;
      s[b + AT] = 0;
      s[b + PC] = START;
      break;
    }
    case PARK_1:
    case PARK_2: {
      const counts = (s[b + PC] === PARK_1) === m.rules.countFirst;
      if (counts) s[PARKED]!++;
      else if (m.rules.ownWords) s[b + PARK] = 1;
      else s[b + SEEN] = s[EPOCH]!;
      if (s[b + PC] === PARK_1) s[b + PC] = PARK_2;
      else s[b + PC] = m.rules.secondLook ? LOOK_HINT : WAIT;
      break;
    }
    case LOOK_HINT:
      s[b + FROM] = s[HINT]!;
      s[b + PC] = LOOK_PUBLISHED;
      break;
    case LOOK_PUBLISHED:
      if (s[b + FROM]! < s[PUBLISHED]!) s[b + PC] = UNPARK;
      else search(m, s, b, LOOK_SLOT);
      break;
    case LOOK_SLOT:
      if (m.rules.claimInSlot && stealable(s[m.slots + s[b + AT]!]!, owner)) s[b + PC] = UNPARK;
      else if (++s[b + AT]! >= s[b + SHARE]!) own(m, s, b, WAIT);
      break;
    case WAIT:
      s[b + PC] = UNPARK;
      if (m.rules.ownWords ? s[b + PARK] === 1 : s[b + SEEN] === s[EPOCH]) s[b + ASLEEP] = 1;
      break;
    case UNPARK:
      if (m.rules.ownWords && s[b + PARK] === 0) own(m, s, b, LOAD_HINT);
      else {
        s[b + PARK] = 0;
        s[b + PC] = UNCOUNT;
      }
      break;
    case UNCOUNT:
      s[PARKED]!--;
      own(m, s, b, LOAD_HINT);
      break;
  }
}

function stealable(slot: number, owner: number): boolean {
  return slot === word(READY, 0) || (stateOf(slot) === CLAIMED && slot !== word(CLAIMED, owner));
}

/** The next claimed slot, or a new claim. */
function following(m: Model, s: State, b: number): void {
  if (++s[b + AT]! < s[b + COUNT]!) s[b + PC] = START;
  else own(m, s, b, LOAD_HINT);
}

/** Begins a search at slot 0, up to what is published by now. */
function search(m: Model, s: State, b: number, pc: number): void {
  own(m, s, b, pc);
  s[b + SHARE] = s[PUBLISHED]!;
  if (s[PUBLISHED]! > 0) return;
  if (pc === STEAL_LOAD) park(m, s, b);
  else own(m, s, b, WAIT);
}

function park(m: Model, s: State, b: number): void {
  own(m, s, b, PARK_1);
}

/** Goes on elsewhere with nothing in hand: equal states must look equal. */
function own(m: Model, s: State, b: number, pc: number): void {
  const epoch = s[b + SEEN]!;
  s.fill(0, b + FROM, b + THREAD_WORDS);
  // What it saw of the shared word is compared when it waits.
  if (!m.rules.ownWords && (pc === LOOK_SLOT || pc === WAIT)) s[b + SEEN] = epoch;
  s[b + PC] = pc;
}
