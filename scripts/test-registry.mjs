// SPDX-License-Identifier: Apache-2.0
// The registry client against a real registry on loopback. In CI the registry is installed when it is missing; elsewhere
// it is not, because its Debian package starts a service: the tests are skipped by name.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './sources.mjs';
import { ensurePackages, registryTestPrograms } from './testing/packages.mjs';

if (process.env.CI) {
  const missing = ensurePackages(registryTestPrograms);
  if (missing.length > 0) console.log(`not installed: ${missing.join(' ')}`);
}
const { status, error } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/jest/bin/jest.js'), '--selectProjects', 'registry', ...process.argv.slice(2)],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
if (error) throw error;
process.exitCode = status ?? 1;
