// SPDX-License-Identifier: Apache-2.0
// The entry of the bundle: runs the command line of this process, and is the one place that ends it.

import { writeSync } from 'node:fs';
import { versionLine } from './version.js';

const main = async (): Promise<void> => {
  const words = process.argv.slice(2);
  const { runMain } = await import('./run-main.js');
  process.exit(await runMain(words));
};

// The most frequent question of scripts is answered before anything else is evaluated.
if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-v'))
  writeSync(1, versionLine);
else void main();
