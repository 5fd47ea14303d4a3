// SPDX-License-Identifier: Apache-2.0
// lib/cli/main.ts -> dist/cli.cjs: one CommonJS file, because loading hundreds of modules is what makes a Node program
// start slowly. Without splitting, `await import('./x.js')` of our own modules becomes a wrapper that runs when asked.

import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './sources.mjs';

export const bundle = async () => {
  await build({
    absWorkingDir: root,
    entryPoints: ['lib/cli/main.ts'],
    outfile: join(root, 'dist/cli.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'warning',
  });
};
