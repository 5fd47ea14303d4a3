// SPDX-License-Identifier: Apache-2.0
// What terminalRaw does to a real terminal is a kernel test (an interactive run); here: what is no terminal.

import { closeSync, openSync } from 'node:fs';
import { native } from '../../support/native.js';

test('what is no terminal has no mode', () => {
  const fd = openSync('/dev/null', 'r');
  try {
    expect(() => native.terminalRaw(fd)).toThrow(expect.objectContaining({ code: 'ENOTTY', syscall: 'tcgetattr' }));
    expect(() => native.terminalRestore(fd, new Uint8Array(3))).toThrow('not what terminalRaw returned');
  } finally {
    closeSync(fd);
  }
});
