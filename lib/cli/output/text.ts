// SPDX-License-Identifier: Apache-2.0
// Small pieces of text that lists share.

import { compareStrings } from '../template/values.js';

/** At most so many characters, the last of them … when something was cut off. */
export const ellipsis = (text: string, length: number): string => {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
};

/** key=value, sorted and separated by commas */
export const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .sort(([a], [b]) => compareStrings(a, b))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
