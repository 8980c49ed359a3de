/** Every code that a warning of this library can carry; a fault of the audit log warns with its error's code. */
export const WARNING_CODES = [
  'GANGLION_UNHEARD_FAILURE',
  'GANGLION_UNENCODABLE_VALUE',
  'GANGLION_INVALID_EVENT',
  'GANGLION_METRICS_BACKEND',
  'GANGLION_DEAD_LETTER_FILE',
  'GANGLION_TEARDOWN_ERROR',
  'GANGLION_HOST_ERROR',
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

/** Different things that are warned of; beyond so many nothing more is said. */
const MAX_WARNINGS = 1_000;

/** Process warnings, of each thing once. */
export class Warnings {
  readonly #told = new Set<string>();

  once(code: WarningCode, thing: string, message: string): void {
    const key = `${code} ${thing}`;
    if (this.#told.has(key) || this.#told.size >= MAX_WARNINGS) return;
    this.#told.add(key);
    process.emitWarning(message, { code });
  }
}
