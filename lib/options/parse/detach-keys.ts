// SPDX-License-Identifier: Apache-2.0
// --detach-keys: comma separated keys, each a character or ctrl-<letter or @[\]^_>, as bytes.

import { InvalidArgument } from '../option.js';

/** ctrl-p,ctrl-q */
export const defaultDetachKeys: Uint8Array = Uint8Array.of(16, 17);

/** An empty text turns detaching by keys off. */
export const readDetachKeys = (text: string): Uint8Array =>
  text === '' ? new Uint8Array() : Uint8Array.from(text.split(',').map(readKey));

const readKey = (key: string): number => {
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
  // Control characters are the letter's code without its upper bits (ascii(7)).
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
  if (key.length === 1 && key.charCodeAt(0) < 0x80) return key.charCodeAt(0);
  throw new InvalidArgument(`unknown key '${key}': give characters or ctrl-<a-z@[\\]^_>, separated by commas`);
};
