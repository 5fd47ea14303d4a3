// SPDX-License-Identifier: Apache-2.0
// One CSV record, as --mount takes it: a field in double quotes may hold commas, and "" for a quote.

import { InvalidArgument } from '../option.js';

export const parseCsv = (text: string): readonly string[] => {
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(,|$)/.exec(rest);
    const match = quoted ?? /^([^",]*)(,|$)/.exec(rest);
    if (match === null) throw new InvalidArgument(`misplaced quote in '${text}'`);
    fields.push((match[1] ?? '').replaceAll('""', '"'));
    if (match[2] === '') return fields;
    rest = rest.slice(match[0].length);
  }
};
