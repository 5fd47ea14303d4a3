// SPDX-License-Identifier: Apache-2.0
// Output of commands that inspect: a JSON array, `json` on one line, or a template for each object.

import { fromJson } from '../template/from-json.js';
import { parseTemplate } from '../template/template.js';

export type InspectObject = Readonly<Record<string, unknown>>;

/** Made before anything is looked up, so that a bad template is reported first. @throws ERR_TEMPLATE */
export const inspectFormatter = (format: string | undefined): ((objects: readonly InspectObject[]) => string) => {
  if (format === undefined || format === '') return (objects) => `${JSON.stringify(objects, undefined, 4)}\n`;
  if (format === 'json') return (objects) => `${JSON.stringify(objects)}\n`;
  const template = parseTemplate(format);
  return (objects) => objects.map((object) => `${template.render(fromJson(object))}\n`).join('');
};

/** One object of `info` or `version`: text of their own, JSON, or a template. */
export const formatObject = (
  object: InspectObject,
  format: string,
  plain: (object: InspectObject) => string,
): string => {
  if (format === '') return plain(object);
  if (format === 'json') return `${JSON.stringify(object)}\n`;
  return `${parseTemplate(format).render(fromJson(object))}\n`;
};
