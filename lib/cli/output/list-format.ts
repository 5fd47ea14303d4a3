// SPDX-License-Identifier: Apache-2.0
// --format of commands that list: `table`, `table TEMPLATE`, `json` (one object per line), or a template per row.

import { parseTemplate } from '../template/template.js';
import { GoFunction, GoStruct, type GoValue } from '../template/values.js';
import { alignColumns } from './table.js';

export interface ListShape {
  /** the template of the plain table, fields separated by \t */
  readonly table: string;
  /** the header word of each field */
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws ERR_TEMPLATE */
export const formatList = (rows: readonly GoStruct[], shape: ListShape, format: string | undefined): string => {
  const wanted =
    format === undefined || format === '' || format === 'table'
      ? `table ${shape.table}`
      : format === 'json'
        ? '{{json .}}'
        : format;
  const isTable = /^table(\s|$)/.test(wanted);
  const template = parseTemplate(withEscapes(isTable ? wanted.slice('table'.length).trim() : wanted));
  const lines = rows.map((row) => template.render(row));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  return alignColumns([template.render(headerRow(shape)), ...lines]);
};

/** A shell passes \t and \n of a template as two characters. */
const withEscapes = (template: string): string => template.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

/** The same template over the header words gives the header line; a label's header is its name. */
const headerRow = ({ headers }: ListShape): GoStruct =>
  new GoStruct(
    new Map<string, GoValue>([
      ...Object.entries(headers),
      ['Label', new GoFunction(([name]) => (typeof name === 'string' ? name : ''), 1)],
    ]),
    { typeName: 'formatter.SubHeaderContext' },
  );
