import { Redactor } from '../../src/redact/redactor.ts';
import { redactionSide } from '../redaction.ts';
import type { OpenSide } from '../scenario.ts';

/** As the audit thread redacts: by the default rules, parsing only lines in which something may be found. */
export const open: OpenSide = async ({ quick }) => {
  const redactor = new Redactor();
  return redactionSide(quick, (line) => redactor.redactLine(line));
};
