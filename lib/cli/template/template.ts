// SPDX-License-Identifier: Apache-2.0
// Go templates: the one door that commands use.

import { execute } from './evaluate.js';
import { findFunction } from './functions.js';
import { parse, type ParsedTemplate } from './parser.js';
import type { GoValue } from './values.js';

export interface Template {
  render(data: GoValue): string;
}

/** @throws ERR_TEMPLATE */
export const parseTemplate = (text: string): Template => {
  const parsed: ParsedTemplate = parse(text, (name) => findFunction(name) !== undefined);
  return { render: (data) => execute(parsed, data) };
};
