// SPDX-License-Identifier: Apache-2.0
// `npm test`: every suite one after the other, also after a failing one, so that all failures are seen at once. Ends
// with a table and the line `N passed, N failed, N skipped` of all single tests; fails when one of them failed.
// `node scripts/test.mjs kernel unit` runs only the suites named.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from './sources.mjs';
import { printSummary, runSuite } from './testing/suites.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);
const node = (script, ...args) => [process.execPath, join(root, script), ...args];
const jestWorkers = `--maxWorkers=${String(Math.max(2, availableParallelism() - 1))}`;

const suites = [
  { name: 'lint', command: [bin('eslint'), '.', '--max-warnings=0'] },
  { name: 'format', command: [bin('prettier'), '--check', '--log-level=warn', '.'] },
  { name: 'format: native', command: node('scripts/testing/check-native-format.mjs') },
  { name: 'headers', command: node('scripts/testing/check-headers.mjs') },
  { name: 'drift: protocol', command: node('scripts/generate-protocol.mjs', '--check') },
  {
    name: 'drift: reference',
    command: node('scripts/generate-reference.mjs', '--check'),
    optional: 'scripts/generate-reference.mjs',
  },
  { name: 'types', command: [bin('tsc'), '--noEmit'] },
  { name: 'layers', command: [bin('depcruise'), '--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'lib'] },
  { name: 'unused', command: [bin('knip')] },
  { name: 'unit', command: [bin('jest'), '--selectProjects', 'unit', jestWorkers] },
  { name: 'registry', command: node('scripts/test-registry.mjs') },
  { name: 'native', command: node('scripts/test-native.mjs') },
  { name: 'fuzz', command: node('scripts/test-fuzz.mjs') },
  { name: 'kernel', command: node('scripts/test-kernel.mjs') },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0)
  throw new Error(`no such suite: ${unknown.join(' ')} (there are: ${suites.map(({ name }) => name).join(', ')})`);

const results = [];
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  if (suite.optional !== undefined && !existsSync(join(root, suite.optional))) continue;
  results.push(await runSuite({ ...suite, cwd: root }));
}
process.exitCode = printSummary(results);
