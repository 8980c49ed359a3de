/** Retries under way at a time. */
const AT_ONCE = 64;

interface Keyed {
  readonly handlerName: string | null;
  readonly orderingKey?: string | null | undefined;
}

/** What an entry shares with those that it must not overtake; undefined: nothing. */
export function laneOf({ handlerName, orderingKey }: Keyed): string | undefined {
  return typeof orderingKey === 'string' ? JSON.stringify([handlerName, orderingKey]) : undefined;
}

/**
 * Calls `retry` with each entry: one after the other with those of one handler and ordering key, in the order given, beside
 * each other with the rest. A key of many entries does not hold up the others.
 */
export async function retryInOrder<L extends Keyed>(
  letters: Iterable<L>,
  retry: (letter: L) => Promise<void>,
): Promise<void> {
  const lanes: L[][] = [];
  const byKey = new Map<string, L[]>();
  for (const letter of letters) {
    const key = laneOf(letter);
    const known = key === undefined ? undefined : byKey.get(key);
    if (known !== undefined) {
      known.push(letter);
      continue;
    }
    const lane = [letter];
    lanes.push(lane);
    if (key !== undefined) byKey.set(key, lane);
  }
  const next = lanes.values();
  const work = async (): Promise<void> => {
    for (const lane of next) for (const letter of lane) await retry(letter);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
