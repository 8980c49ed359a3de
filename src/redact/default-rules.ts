import type { Rule } from './rule.ts';
import { CREDENTIAL_RULES } from './rules/credentials.ts';
import { IDENTITY_RULES } from './rules/identity.ts';
import { NETWORK_RULES } from './rules/network.ts';
import { VENDOR_KEY_RULES } from './rules/vendor-keys.ts';

/** In the order they run: specific before generic, and a URL's user information before the address it looks like. */
export const DEFAULT_RULES: readonly Rule[] = [
  ...VENDOR_KEY_RULES,
  ...CREDENTIAL_RULES,
  ...IDENTITY_RULES,
  ...NETWORK_RULES,
];
