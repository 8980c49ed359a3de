import type { OpenSide } from '../scenario.ts';
import { openBus } from './bus.ts';
import { emitting } from './emitting.ts';

/** With a handler module subscribed. */
export const open: OpenSide = emitting('ganglion', (threads) => openBus({ maxConcurrentHandlers: threads }));
