/** How a key is treated: its value stays and is searched, is replaced unless it holds other values, or is replaced whole. */
export type KeyMatch = 'none' | 'part' | 'whole';

export const DEFAULT_KEYS: readonly string[] = (
  'password passwd pwd passphrase secret token access_token refresh_token id_token api_key apikey api_secret auth ' +
  'authorization credential credentials private_key private_key_id client_secret ssn social_security credit_card ' +
  'card_number cvv cvc pin otp phone phone_number mobile email address dob date_of_birth bank_account routing_number ' +
  'iban aws_access_key aws_secret_key aws_session_token gcp_key azure_key connection_string session_id session_key ' +
  'cookie set_cookie csrf_token'
).split(' ');

/**
 * Words that end no other English word, so that `dbpassword` and `authtoken` are found although nothing separates
 * their parts. Only those of them that are listed count. `passwordless` and `tokenizer` go on behind the word and are not meant.
 */
const CLOSING_WORDS = 'password passwd passphrase secret token credential apikey creditcard cookie'.split(' ');
/** What may stand behind such a word without a separator: `secretkey`, `passwordhash`. */
const TAILS = new Set('key value hash id code number text string'.split(' '));

const ASCII_WORDS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g;
const WORDS = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}\p{Lt}\p{M}]+|\p{N}+/gu;
const ASCII = /^\p{ASCII}*$/u;

/** `userAPIKey`, `user-api_key` and `USER.API KEY` are all `user api key`. */
export function wordsOf(key: string): string[] {
  const words: string[] = ASCII.test(key) ? (key.match(ASCII_WORDS) ?? []) : (key.normalize('NFKC').match(WORDS) ?? []);
  return words.map((word) => word.toLowerCase());
}

function plurals(word: string): string[] {
  const forms = [`${word}s`];
  if (/(?:s|x|z|ch|sh)$/.test(word)) forms.push(`${word}es`);
  if (/[^aeiou]y$/.test(word)) forms.push(`${word.slice(0, -1)}ies`);
  return forms;
}

/** Decides by a key's words, whatever its case and separators. Listed words run together match too. */
export class KeyMatcher {
  readonly #listed = new Set<string>();
  readonly #closing: string[] = [];
  readonly #longest: number;

  constructor(keys: Iterable<string>) {
    let longest = 0;
    for (const key of keys) {
      const joined = wordsOf(key).join('');
      if (CLOSING_WORDS.includes(joined)) this.#closing.push(joined);
      for (const form of [joined, ...plurals(joined)]) {
        this.#listed.add(form);
        longest = Math.max(longest, form.length);
      }
    }
    this.#longest = longest;
  }

  match(key: string): KeyMatch {
    if (this.#listed.size === 0) return 'none';
    const words = wordsOf(key);
    if (this.#listed.has(words.join(''))) return 'whole';
    for (let first = 0; first < words.length; first++) {
      let joined = '';
      for (let last = first; last < words.length; last++) {
        joined += words[last]!;
        if (joined.length > this.#longest) break;
        if (this.#listed.has(joined)) return 'part';
      }
      if (this.#isCompound(words[first]!)) return 'part';
    }
    return 'none';
  }

  #isCompound(word: string): boolean {
    return this.#closing.some((listed) => {
      if (word.endsWith(listed) || word.endsWith(`${listed}s`)) return true;
      return word.startsWith(listed) && TAILS.has(word.slice(listed.length));
    });
  }
}
