// SPDX-License-Identifier: Apache-2.0
// A command line as bash hands it over: as text up to the cursor, since bash breaks words at `:` and `=` too, which image
// names and flags are full of.

/** The words; the last is the one under the cursor, maybe empty. Quotes and backslashes as in POSIX sh. */
export const splitLine = (line: string): readonly string[] => {
  const words = [''];
  let quote = '';
  const add = (char: string): void => {
    words.push(`${words.pop() ?? ''}${char}`);
  };
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === quote) quote = '';
    else if (quote === "'") add(char);
    else if (char === '\\' && at + 1 < line.length) add(line.charAt(++at));
    else if (quote !== '') add(char);
    else if (char === '"' || char === "'") quote = char;
    else if (/\s/.test(char)) {
      if (words.at(-1) !== '' || !/\s/.test(line.charAt(at - 1))) words.push('');
    } else add(char);
  }
  return words;
};

/** What bash has taken off the front of the word under the cursor: candidates begin behind it. */
export const brokenOff = (word: string): string => /^.*[:=]/s.exec(word)?.[0] ?? '';
