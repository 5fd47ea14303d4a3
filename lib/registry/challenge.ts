// SPDX-License-Identifier: Apache-2.0
// WWW-Authenticate (RFC 9110 11.6.1): `Bearer realm="...",service="...",scope="...", Basic realm="..."`.

export interface Challenge {
  /** lower case */
  readonly scheme: string;
  /** names in lower case */
  readonly parameters: Readonly<Record<string, string>>;
}

const longestHeader = 16_384;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;

/** What cannot be read is left out: a registry may offer schemes that nobody here knows. */
export const parseChallenges = (header: string): readonly Challenge[] => {
  const reader = new Reader(header.slice(0, longestHeader));
  const challenges: { readonly scheme: string; readonly parameters: Record<string, string> }[] = [];
  while (!reader.atEnd()) {
    reader.skip(/[\s,]*/y);
    const word = reader.take(token);
    if (word === undefined) break;
    const isParameter = reader.take(/\s*=\s*(?=[^\s=,])/y) !== undefined;
    if (!isParameter) {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      // token68, as Negotiate has it, says nothing to us
      reader.skip(/[ \t]+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y);
      continue;
    }
    const value = reader.takeValue();
    if (value === undefined) break;
    const parameters = challenges.at(-1)?.parameters;
    // the first one wins: a second realm in one challenge would be an attempt at something
    if (parameters !== undefined && !Object.hasOwn(parameters, word.toLowerCase()))
      parameters[word.toLowerCase()] = value;
  }
  return challenges;
};

class Reader {
  #position = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  /** The pattern is sticky. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position += match[0].length;
    return match[0];
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }

  /** A token or a quoted string. */
  takeValue(): string | undefined {
    const quoted = this.take(/"(?:[^"\\]|\\.)*"/y);
    return quoted === undefined ? this.take(token) : quoted.slice(1, -1).replace(/\\(.)/g, '$1');
  }
}
