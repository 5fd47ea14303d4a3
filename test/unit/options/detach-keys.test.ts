// SPDX-License-Identifier: Apache-2.0

import { readDetachKeys } from '../../../lib/options/parse/detach-keys.js';

test.each([
  ['ctrl-p,ctrl-q', [16, 17]],
  ['ctrl-a', [1]],
  ['CTRL-A', [1]],
  ['ctrl-@', [0]],
  ['ctrl-[', [27]],
  ['ctrl-\\', [28]],
  ['ctrl-]', [29]],
  ['ctrl-^', [30]],
  ['ctrl-_', [31]],
  ['a,b,ctrl-c', [97, 98, 3]],
  ['', []],
])('%s', (text, bytes) => {
  expect([...readDetachKeys(text)]).toEqual(bytes);
});

test.each(['ctrl-', 'ctrl-pp', 'foo', 'ctrl-1', 'é', ','])('%s is no key', (text) => {
  expect(() => readDetachKeys(text)).toThrow('unknown key');
});
