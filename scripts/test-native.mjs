// SPDX-License-Identifier: Apache-2.0
// `npm run test:native [-- <test name>]`: builds the native unit tests with ASan and UBSan, and runs them.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildNativeTests } from './native-build.mjs';
import { root } from './sources.mjs';
import { BuildFailure } from './toolchain.mjs';

try {
  await buildNativeTests();
  const program = join(root, 'build/native-tests/native-tests');
  const { status, error } = spawnSync(program, process.argv.slice(2), { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
} catch (error) {
  if (!(error instanceof BuildFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
