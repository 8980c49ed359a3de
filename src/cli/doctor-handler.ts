import type { BusEvent } from '../event.ts';

/** What the doctor sends there and back. */
export default ({ payload }: BusEvent): unknown => payload;
