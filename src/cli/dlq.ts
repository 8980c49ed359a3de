import { FailureReason } from '../types.ts';
import { atMost, type Command, defineCommand, UsageError, wholeNumber } from './command.ts';
import type { LetterQuery } from './dead-letter-list.ts';
import { durationOption } from './durations.ts';
import { existingHandlers, ON_HELP } from './handlers.ts';

const HELP = `ganglion dlq list  --file FILE [--reason R] [--type PATTERN] [--limit N] [--json]
ganglion dlq show  --file FILE ID [--json]
ganglion dlq retry --file FILE --on PATTERN=MODULE [ID …] [--max-retries N] [--threads N] [--timeout-ms N]
                   [--redact] [--json]
ganglion dlq purge --file FILE (ID … | --reason R | --type PATTERN | --older-than 7d | --all) --yes [--json]

Looks after a file of dead letters: a DeadLetterQueue's path, or what ganglion run --dead-letters wrote.

  list    newest first; --limit 100 unless told otherwise; with --json one letter a line, with its event
  show    one of them with all its attempts
  retry   runs them again, each in the handler it failed in, and removes those that succeed. A handler is known by its
          name: that of its module's file. Those of one ordering key run one after the other, oldest first, whether or
          not the one before succeeds. Letters that were retried N times (default 3) are left alone.
  purge   removes them for good. Conditions are joined: --reason R --older-than 7d removes what meets both.

${ON_HELP}
  --redact                  no secrets or personal data in what a retry writes to the file, as run has it
  --help

list and show read the file also while a program has it; retry and purge are refused then: two queues on one file would
undo what the other does.
Exit code: 1 when a retry failed, or there is no such letter.
`;

const options = {
  file: { type: 'string' },
  reason: { type: 'string' },
  type: { type: 'string' },
  limit: { type: 'string' },
  'older-than': { type: 'string' },
  all: { type: 'boolean' },
  yes: { type: 'boolean' },
  on: { type: 'string', multiple: true },
  'max-retries': { type: 'string' },
  threads: { type: 'string' },
  'timeout-ms': { type: 'string' },
  redact: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** Options of each subcommand beside --file and --json. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  list: ['reason', 'type', 'limit'],
  show: [],
  retry: ['on', 'max-retries', 'threads', 'timeout-ms', 'redact'],
  purge: ['reason', 'type', 'older-than', 'all', 'yes'],
};
/** Of a letter; that all handlers have failed is said of an event. */
const REASONS = Object.values(FailureReason).filter((reason) => reason !== FailureReason.ALL_HANDLERS_FAILED);
const DEFAULT_LIMIT = 100;
const DEFAULT_RETRIES = 3;

export const command: Command = defineCommand({
  help: HELP,
  options,
  async run({ values, positionals }, terminal) {
    const [what, ...ids] = positionals;
    const takes = what !== undefined && Object.hasOwn(TAKES, what) ? TAKES[what]! : undefined;
    if (takes === undefined) throw new UsageError(`dlq takes one of ${Object.keys(TAKES).join(', ')}`);
    for (const name of Object.keys(values)) {
      if (name !== 'file' && name !== 'json' && !takes.includes(name)) {
        throw new UsageError(`dlq ${what} has no option --${name}`);
      }
    }
    if (values.reason !== undefined && !REASONS.some((reason) => reason === values.reason)) {
      throw new UsageError(`--reason must be one of ${REASONS.join(', ')}, got ${values.reason}`);
    }
    const { existingLetters } = await import('./dead-letter-list.ts');
    if (values.file === undefined) throw new UsageError('--file FILE names the dead letters');
    const file = existingLetters(values.file);
    const json = values.json === true;
    const query: LetterQuery = {
      ids,
      reason: values.reason,
      type: values.type,
      olderThanMs: values['older-than'] === undefined ? undefined : durationOption('older-than', values['older-than']),
    };
    if (what === 'list') {
      atMost(positionals, 1);
      const { listLetters } = await import('./dead-letter-list.ts');
      return listLetters(file, query, wholeNumber('limit', values.limit, 1) ?? DEFAULT_LIMIT, json, terminal);
    }
    if (what === 'show') {
      if (ids.length !== 1) throw new UsageError('dlq show takes one id');
      const { showLetter } = await import('./dead-letter-list.ts');
      return showLetter(file, ids[0]!, json, terminal);
    }
    if (what === 'purge') {
      const conditions = ids.length > 0 || query.reason !== undefined || query.type !== undefined;
      if (!conditions && query.olderThanMs === undefined && values.all !== true) {
        throw new UsageError('which ones? Name ids, --reason, --type, --older-than or --all');
      }
      const { purgeLetters } = await import('./dead-letter-change.ts');
      return purgeLetters(file, query, values.yes === true, json, terminal);
    }
    if (values.on === undefined) throw new UsageError("which handlers? --on 'access.*=./parse.mjs' names one");
    const threads = wholeNumber('threads', values.threads, 1);
    const timeoutMs = wholeNumber('timeout-ms', values['timeout-ms'], 0);
    const { retryLetters } = await import('./dead-letter-change.ts');
    return await retryLetters(
      {
        file,
        ids,
        handlers: existingHandlers(values.on),
        maxRetries: wholeNumber('max-retries', values['max-retries'], 1) ?? DEFAULT_RETRIES,
        bus: {
          ...(threads !== undefined && { maxConcurrentHandlers: threads }),
          ...(timeoutMs !== undefined && { handlerTimeoutMs: timeoutMs }),
        },
        redact: values.redact === true,
        json,
      },
      terminal,
    );
  },
});
