// SPDX-License-Identifier: Apache-2.0
// docs/reference/commands.md, from the option records. `--check` fails when the file says something else.

import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './sources.mjs';

const target = join(root, 'docs/reference/commands.md');

const makeReference = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-reference-'));
  try {
    const outfile = join(directory, 'reference.cjs');
    await build({
      absWorkingDir: root,
      entryPoints: ['lib/cli/reference.ts'],
      outfile,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      // commands are loaded for their options only: what they call is not
      external: ['pino', 'tar', 'fzstd', 'execa'],
      logLevel: 'warning',
    });
    const { default: reference } = await import(pathToFileURL(outfile).href);
    return await reference.referenceText();
  } finally {
    rmSync(directory, { recursive: true });
  }
};

const readTarget = () => {
  try {
    return readFileSync(target, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
};

const text = await makeReference();
if (process.argv.includes('--check')) {
  if (readTarget() !== text) {
    console.error(
      "docs/reference/commands.md is not what the option records say: run 'node scripts/generate-reference.mjs'",
    );
    process.exitCode = 1;
  }
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
