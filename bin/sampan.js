#!/usr/bin/env -S node --
// SPDX-License-Identifier: Apache-2.0
// The `--` above keeps Node from taking options such as --env-file for its own, which it does even behind the script.
// The command's way in. It does what require() of the bundle would do, but with the compiled code that the build left
// beside it (scripts/code-cache.mjs): V8 takes that only when it is exactly its own, and compiles as usual otherwise.
'use strict';

const { readFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const dist = join(__dirname, '../dist');
const read = (name) => {
  try {
    return readFileSync(join(dist, name));
  } catch {
    // not built
    return undefined;
  }
};
const bundle = read('cli.cjs');
if (bundle === undefined) {
  process.stderr.write(`sampan: ${dist}/cli.cjs is missing: run 'npm run build' in ${join(dist, '..')}\n`);
  process.exitCode = 125;
} else {
  const filename = join(dist, 'cli.cjs');
  // The bundle is ASCII (scripts/bundle.mjs sees to it), and latin1 is the cheapest way to a string.
  const script = new Script(wrap(bundle.toString('latin1')), { filename, cachedData: read('cli.cache') });
  script.runInThisContext()(module.exports, require, module, filename, dist);
}
