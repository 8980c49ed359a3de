import fc from 'fast-check';

/**
 * Where every search by chance begins. Each run has a seed of its own, so that many runs search far; `.ci/run` gives
 * one, so that the verdict on a change does not hang on luck. A failure prints it (fast-check does so itself).
 */
export const SEED: number = Number(process.env.GANGLION_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
fc.configureGlobal({ seed: SEED });

export { fc };
