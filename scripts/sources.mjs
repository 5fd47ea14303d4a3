// SPDX-License-Identifier: Apache-2.0
// The reader of addon/sources.txt and addon/flags.txt for everything but cmake (which reads them itself).
// binding.gyp calls it: `node scripts/sources.mjs sources|compile|link <target>`, `... node-addon-api`.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

/** Warnings are errors in CI and where a developer says so, never in a user's npm install. */
export const strict = Boolean(process.env.CI) || process.env.SAMPAN_STRICT === '1';

/** @returns {string[]} paths from the repository root */
export const sourcesOf = (target) => linesOf('addon/sources.txt', ([name]) => name === target).map(([, path]) => path);

/** @param {'compile' | 'link'} step @returns {string[]} */
export const flagsOf = (target, step) => {
  const groups = [
    'all',
    ...(target === 'addon' || target === 'helper' ? ['shipped'] : []),
    target,
    ...(strict ? ['strict'] : []),
  ];
  return groups.flatMap((group) =>
    linesOf('addon/flags.txt', ([name, kind]) => name === group && kind === step).map(([, , flag]) =>
      flag.replace('@ROOT@', root),
    ),
  );
};

/** @returns {string} */
export const nodeAddonApi = () => {
  const fromHere = createRequire(import.meta.url);
  return join(fromHere.resolve('node-addon-api/package.json'), '..');
};

const linesOf = (file, wanted) =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter((line) => /^[a-z]/.test(line))
    .map((line) => line.trim().split(/\s+/))
    .filter(wanted);

const answers = {
  sources: (target) => sourcesOf(target),
  compile: (target) => flagsOf(target, 'compile'),
  link: (target) => flagsOf(target, 'link'),
  'node-addon-api': () => [`-isystem${nodeAddonApi()}`],
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [request, target] = process.argv.slice(2);
  console.log(answers[request](target).join('\n'));
}
