// SPDX-License-Identifier: Apache-2.0
// The reader of addon/sources.txt for everything but cmake (which reads it itself).
// `node scripts/sources.mjs <target>` prints the files of a target; `--strict` prints -Werror where warnings are errors.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Warnings are errors in CI and where a developer says so, never in a user's npm install. */
export const strict = Boolean(process.env.CI) || process.env.SAMPAN_STRICT === '1';

/** @returns {string[]} paths from the repository root */
export const sourcesOf = (target) =>
  readFileSync(join(root, 'addon/sources.txt'), 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name]) => name === target)
    .map(([, path]) => path);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [request] = process.argv.slice(2);
  const words = request === '--strict' ? (strict ? ['-Werror'] : []) : sourcesOf(request);
  console.log(words.join('\n'));
}
