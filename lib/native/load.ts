// SPDX-License-Identifier: Apache-2.0
// Finds and loads the addon: the only dlopen of the program. When it fails, it says what was tried and which command
// repairs it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sampanError } from '../errors/sampan-error.js';
import type { Native } from './native.js';

const buildDirectory = 'build/Release';

/** From dist/ (the bundle) the package is one level up, from lib/native/ (tests) two. */
const packageLevels = ['..', '../..'];

/** @throws ERR_NATIVE_MISSING when a file of build/Release is not there */
export const builtFile = (name: 'sampan.node' | 'sampan-helper'): string => {
  const candidates = packageLevels.map((level) => join(__dirname, level, buildDirectory, name));
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw sampanError('ERR_NATIVE_MISSING', { subject: `tried ${candidates.join(' and ')}`, hint: rebuildHint() });
};

/** Loads the addon; a second call gets a second set of functions on the same library. */
export const loadNative = (): Native => {
  const path = builtFile('sampan.node');
  const loaded: { exports: Partial<Native> } = { exports: {} };
  try {
    process.dlopen(loaded, path);
  } catch (error) {
    throw sampanError('ERR_NATIVE_MISSING', { subject: path, hint: rebuildHint(), cause: error });
  }
  // The addon has exactly the functions of native.ts: test/unit/native/surface.test.ts compares them.
  return loaded.exports as Native;
};

const rebuildHint = (): string => {
  const root = packageLevels
    .map((level) => join(__dirname, level))
    .find((path) => existsSync(join(path, 'package.json')));
  return `built for Node ${process.version} on ${process.arch} by: npm rebuild sampan, or in a checkout: cd ${root ?? '.'} && npm run build:native`;
};
