// SPDX-License-Identifier: Apache-2.0
// The build. `node scripts/build.mjs [all|native|ts|native-tests|fuzz|install|prepare]`
//
//   install  npm runs it wherever the package lands: the native part, and in a checkout the link for `npx sampan`
//   prepare  npm runs it in a checkout only: generated files and the bundle (a tarball has them already)

import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeCodeCache } from './code-cache.mjs';
import { buildFuzzTargets, buildNative, buildNativeTests } from './native-build.mjs';
import { root } from './sources.mjs';
import { BuildFailure } from './toolchain.mjs';

const buildTypeScript = async () => {
  const { generateProtocol } = await import('./generate-protocol.mjs');
  generateProtocol();
  const { bundle } = await import('./bundle.mjs');
  await bundle();
};

const buildCommand = async () => {
  await buildTypeScript();
  writeCodeCache();
};

/** npm links the commands of dependencies, not of the checkout itself, and npx would look for a package elsewhere. */
const linkCommand = () => {
  if (!existsSync(join(root, 'lib/cli/main.ts')) || !existsSync(join(root, 'node_modules'))) return;
  const link = join(root, 'node_modules/.bin/sampan');
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync('../../bin/sampan.js', link);
};

const steps = {
  all: async () => {
    await buildTypeScript();
    await buildNative();
    writeCodeCache();
    linkCommand();
  },
  native: () => buildNative(),
  ts: () => buildCommand(),
  'native-tests': () => buildNativeTests(),
  fuzz: () => buildFuzzTargets(),
  install: async () => {
    await buildNative();
    writeCodeCache();
    linkCommand();
  },
  prepare: () => buildCommand(),
};

const name = process.argv[2] ?? 'all';
if (!Object.hasOwn(steps, name)) throw new Error(`no such build step: ${name}`);
try {
  await steps[name]();
} catch (error) {
  if (!(error instanceof BuildFailure)) throw error;
  console.error(`\n${error.message}\n`);
  process.exitCode = 1;
}
