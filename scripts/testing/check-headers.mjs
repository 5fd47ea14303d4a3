// SPDX-License-Identifier: Apache-2.0
// Every source file begins with its licence, so that a file copied out of the tree still says what it is under.

import { readFileSync } from 'node:fs';
import { output } from './commands.mjs';

const checked = /\.(ts|mjs|cjs|js|cc|h|c|def|sh|py)$|^\.ci\/run$|^CMakeLists\.txt$/;
const header = 'SPDX-License-Identifier: Apache-2.0';

const files = output('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  .split('\n')
  .filter((path) => checked.test(path));
const missing = files.filter((path) => {
  try {
    return !readFileSync(path, 'utf8').split('\n', 3).join('\n').includes(header);
  } catch (error) {
    // removed in the work tree, not yet in the index
    if (error.code === 'ENOENT') return false;
    throw error;
  }
});
for (const path of missing) console.error(`${path}: its first lines lack "${header}"`);
console.log(`${String(files.length - missing.length)} of ${String(files.length)} files have the licence header`);
process.exitCode = missing.length === 0 ? 0 : 1;
