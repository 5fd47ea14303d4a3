// SPDX-License-Identifier: Apache-2.0
// lib/cli/main.ts -> dist/cli.cjs: one CommonJS file, because loading hundreds of modules is what makes a Node program
// start slowly. Without splitting, `await import('./x.js')` of our own modules becomes a wrapper that runs when asked.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './sources.mjs';

export const bundle = async () => {
  const outfile = join(root, 'dist/cli.cjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['lib/cli/main.ts'],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
  });
  // bin/sampan.js reads it as latin1, and V8 keeps ASCII in half the space. esbuild has escaped all strings; what is
  // left stands in regular expressions, where the same escapes mean the same.
  const escaped = readFileSync(outfile, 'utf8').replace(
    /[^\x00-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  writeFileSync(outfile, escaped, 'latin1');
};
