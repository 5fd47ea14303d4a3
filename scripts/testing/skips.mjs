// SPDX-License-Identifier: Apache-2.0
// Every skipped test says which word it lacked and why; test/support/requires.ts appends these lines.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const printSkips = (state) => {
  const file = join(state, 'skips.ndjson');
  if (!existsSync(file)) return;
  const words = new Map();
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const { word, reason } = JSON.parse(line);
    const entry = words.get(word) ?? { reason, count: 0 };
    entry.count++;
    words.set(word, entry);
  }
  console.log('\nskipped:');
  for (const [word, { reason, count }] of words) console.log(`  ${String(count)} tests need ${word}: ${reason}`);
};
