// SPDX-License-Identifier: Apache-2.0
// C++ is formatted by clang-format (.clang-format). Releases format differently, so only the one in use here counts.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../sources.mjs';

const release = '14';

const sources = readdirSync(join(root, 'addon'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(cc|h)$/.test(name))
  .map((name) => join('addon', name));

const { status, stdout } = spawnSync('clang-format', ['--version'], { encoding: 'utf8' });
if (status !== 0 || !stdout.includes(`version ${release}.`)) {
  console.log(`clang-format ${release} is not installed`);
  console.log('0 passed, 0 failed, 1 skipped');
} else {
  const check = spawnSync('clang-format', ['--dry-run', '-Werror', ...sources], { cwd: root, stdio: 'inherit' });
  console.log(`${check.status === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed'}, 0 skipped`);
  process.exitCode = check.status ?? 1;
}
