import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '../codec.ts';
import { ConfigError, GanglionError, InvalidPatternError } from '../errors.ts';
import { printable, type Terminal } from './terminal.ts';

/** Runs a command; resolves with its exit code. */
export type Command = (name: string, args: readonly string[], terminal: Terminal) => Promise<number>;

/** The command line can't be used as it stands: exit code 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; strict: true; args: string[] }>
>;

interface Definition<O extends Options> {
  /** Printed for --help. */
  readonly help: string;
  readonly options: O;
  run(parsed: Parsed<O>, terminal: Terminal): Promise<number>;
}

/** What all commands do alike: options, --help, errors and what they make of the exit code. */
export function defineCommand<O extends Options>({ help, options, run }: Definition<O>): Command {
  return async (name, args, terminal) => {
    if (args.includes('--help') || args.includes('-h')) {
      terminal.out.write(help);
      return 0;
    }
    try {
      return await run(parse(options, args), terminal);
    } catch (error) {
      const usage = error instanceof UsageError || ConfigError.is(error) || InvalidPatternError.is(error);
      const hint = usage ? `\n${name} --help says what it takes.` : '';
      terminal.note(`${name}: ${describe(error)}${hint}`);
      return usage ? 2 : 1;
    }
  };
}

function parse<O extends Options>(options: O, args: readonly string[]): Parsed<O> {
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({ options, args: [...args], allowPositionals: true, strict: true });
  } catch (error) {
    // Node's hints on how to write what begins with a dash are longer than the fault.
    throw new UsageError(messageOf(error).split(/\. To |\n/)[0]!);
  }
  // A shell makes it of a variable that is not set.
  for (const [name, value] of Object.entries(parsed.values)) {
    if (value === '' || (Array.isArray(value) && value.includes(''))) throw new UsageError(`--${name} is empty`);
  }
  if (parsed.positionals.includes('')) throw new UsageError('an argument is empty');
  return parsed;
}

function describe(error: unknown): string {
  const known =
    error instanceof UsageError || GanglionError.is(error) || (error as NodeJS.ErrnoException)?.code !== undefined;
  if (known) return printable(messageOf(error));
  // A fault of this program itself: whoever reports it needs to say where.
  const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return text.split('\n').map(printable).join('\n');
}

/** A whole number out of an option's text. Throws UsageError. */
export function wholeNumber(name: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) < min) {
    throw new UsageError(`--${name} must be a whole number from ${min}, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}

/** At most so many positional arguments. Throws UsageError. */
export function atMost(positionals: readonly string[], most: number): void {
  if (positionals.length > most) {
    throw new UsageError(
      `unexpected ${positionals
        .slice(most)
        .map((text) => JSON.stringify(text))
        .join(' ')}`,
    );
  }
}
