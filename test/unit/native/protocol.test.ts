// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

test('the generated tables and the reference page match addon/protocol', () => {
  const generator = join(__dirname, '../../../scripts/generate-protocol.mjs');
  expect(() => execFileSync(process.execPath, [generator, '--check'], { stdio: 'pipe' })).not.toThrow();
});
