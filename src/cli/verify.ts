import { lockHolder } from '../audit/lock.ts';
import { resolveLogPath } from '../audit/path.ts';
import { type AuditVerification, verifyAuditLog } from '../audit/verify.ts';
import { lockPath } from '../audit-format.ts';
import { atMost, type Command, defineCommand, UsageError } from './command.ts';
import { count, plural } from './figures.ts';
import { existingLog } from './log-file.ts';
import { printable, type Terminal } from './terminal.ts';

const HELP = `ganglion verify <log> [options]

Recomputes the seals of an audit log (written with auditSeal), rotated files included, and finds each line or file that
was changed, removed, inserted or moved before the last seal. That the end of the log was cut off can only be seen
against a seal's hash that was kept elsewhere: --expect-head.

  --expect-head HASH        a hash that one of the seals must have
  --json                    the result as JSON
  --help

Exit code: 1 when the log is not as it was written, or has lines and no seal.
`;

export const command: Command = defineCommand({
  help: HELP,
  options: { 'expect-head': { type: 'string' }, json: { type: 'boolean' } },
  async run({ values, positionals }, terminal) {
    atMost(positionals, 1);
    if (positionals[0] === undefined) throw new UsageError('which log?');
    const head = values['expect-head']?.toLowerCase();
    if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) {
      throw new UsageError('--expect-head must be a hash of 64 hexadecimal digits');
    }
    const path = existingLog(positionals[0]);
    const holder = lockHolder(lockPath(resolveLogPath(path, false)));
    if (holder !== undefined) {
      terminal.note(`process ${holder.pid} writes to this log: what it writes meanwhile may look like a change`);
    }
    const result = await verifyAuditLog(path, head === undefined ? {} : { head });
    if (values.json === true) terminal.json(result);
    else show(result, head, terminal);
    return result.ok ? 0 : 1;
  },
});

function show(result: AuditVerification, head: string | undefined, terminal: Terminal): void {
  const { ok, segments, lines, seals, unsealed, firstProblem } = result;
  const what = `${plural(lines, 'line')} and ${plural(seals, 'seal')} in ${plural(segments, 'file')}`;
  if (!ok) {
    const { file, line, reason } = firstProblem!;
    terminal.say(terminal.paint('red', `NOT as it was written: ${printable(reason)}`));
    terminal.say(`at ${printable(file)}${line > 0 ? `, line ${count(line)}` : ''}; ${what} read until then`);
    return;
  }
  if (lines === 0) terminal.say(terminal.paint('yellow', 'the log is empty: nothing is proved'));
  else terminal.say(terminal.paint('green', `as it was written: ${what}`));
  if (unsealed > 0) terminal.say(`${plural(unsealed, 'line')} after the last seal, for which nothing is proved`);
  if (result.head !== undefined) terminal.say(`head ${result.head}`);
  if (head === undefined) {
    terminal.say('whether lines were cut off the end can only be seen against a copy of the head: --expect-head');
  }
}
