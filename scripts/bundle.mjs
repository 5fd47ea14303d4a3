// SPDX-License-Identifier: Apache-2.0
// lib/cli/main.ts -> dist/cli.cjs: one CommonJS file, because loading hundreds of modules is what makes a Node program
// start slowly. Without splitting, `await import('./x.js')` of our own modules becomes a wrapper that runs when asked.

import { readFileSync } from 'node:fs';
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
  // bin/sampan.js reads it as latin1; esbuild escapes what is not ASCII, except where it keeps text as it was.
  if (readFileSync(outfile).some((byte) => byte > 0x7f))
    throw new Error(`${outfile} has characters that are not ASCII`);
};
