import { OverflowPolicy } from '../types.ts';
import { atMost, type Command, defineCommand, UsageError, wholeNumber } from './command.ts';
import { existingHandlers, ON_HELP } from './handlers.ts';
import { differentFiles, openInput } from './input.ts';
import type { RunPlan } from './run-events.ts';

const HELP = `ganglion run --on PATTERN=MODULE [options] [events.ndjson | -]

Runs events through handler modules on every core: one JSON object a line, from a file or from standard input.
A line is an event's own (event_type, payload and what it has of timestamp, event_id, source, correlation_id),
or with --type any object, which is the payload then.

${ON_HELP}
  --type TYPE               each line is the payload of an event of this type
  --threads N               handler threads; default: one per core
  --timeout-ms N            a handler that takes longer has failed, and is ended; 0: none; default 30000
  --attempts N              a failed delivery is tried so many times in all; default 1
  --max-pending N           events under way; default 10000
  --overflow POLICY         what happens beyond that: block (the default) lets the input wait, drop and dropOldest
                            lose events and count them, raise gives up
  --audit FILE              an audit log of all events, sealed for ganglion verify
  --redact                  no secrets or personal data in the audit log and the dead letters
  --results                 outcomes on standard output, one JSON object a line
  --dead-letters FILE       keeps what failed, to be seen and retried with ganglion dlq
  --rejects FILE            keeps malformed lines, as JSON lines with number, reason and text; appended
  --json                    the summary as JSON, on standard output, or on standard error beside --results
  --help

Ctrl-C stops reading, lets what is under way finish, and reports; a second one ends at once.
Exit code: 1 when an event failed, a line was malformed, or input was left unread; 2 for wrong usage.
`;

const options = {
  on: { type: 'string', multiple: true },
  type: { type: 'string' },
  threads: { type: 'string' },
  'timeout-ms': { type: 'string' },
  attempts: { type: 'string' },
  'max-pending': { type: 'string' },
  overflow: { type: 'string' },
  audit: { type: 'string' },
  redact: { type: 'boolean' },
  results: { type: 'boolean' },
  'dead-letters': { type: 'string' },
  rejects: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const MAX_PENDING = 10_000;

export const command: Command = defineCommand({
  help: HELP,
  options,
  async run({ values, positionals }, terminal) {
    atMost(positionals, 1);
    if (values.on === undefined) throw new UsageError("which handlers? --on 'access.*=./parse.mjs' names one");
    const policy = (values.overflow ?? OverflowPolicy.BLOCK) as OverflowPolicy;
    if (!Object.values(OverflowPolicy).includes(policy)) {
      throw new UsageError(`--overflow must be one of ${Object.values(OverflowPolicy).join(', ')}, got ${policy}`);
    }
    const threads = wholeNumber('threads', values.threads, 1);
    const timeoutMs = wholeNumber('timeout-ms', values['timeout-ms'], 0);
    const plan: RunPlan = {
      handlers: existingHandlers(values.on),
      bus: {
        ...(threads !== undefined && { maxConcurrentHandlers: threads }),
        ...(timeoutMs !== undefined && { handlerTimeoutMs: timeoutMs }),
        maxPendingEvents: wholeNumber('max-pending', values['max-pending'], 1) ?? MAX_PENDING,
        overflowPolicy: policy,
        ...(values.audit !== undefined && { eventLogPath: values.audit, auditSeal: true }),
      },
      redact: values.redact === true,
      attempts: wholeNumber('attempts', values.attempts, 1) ?? 1,
      type: values.type,
      policy,
      deadLetters: values['dead-letters'],
      audit: values.audit,
      rejects: values.rejects,
      results: values.results === true,
      json: values.json === true,
    };
    if (values.type?.trim() === '') throw new UsageError('--type must not be blank');
    const file = positionals[0];
    differentFiles({
      input: file,
      '--audit': plan.audit,
      '--dead-letters': plan.deadLetters,
      '--rejects': plan.rejects,
    });
    const input = openInput(file);
    const { runEvents } = await import('./run-events.ts');
    return await runEvents(plan, input, terminal);
  },
});
