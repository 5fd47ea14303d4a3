#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The command's way in; as small as can be, because it runs before anything is cached.
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const bundle = join(__dirname, '../dist/cli.cjs');
if (existsSync(bundle)) {
  require(bundle);
} else {
  process.stderr.write(`sampan: ${bundle} is missing: run 'npm run build' in ${join(__dirname, '..')}\n`);
  process.exitCode = 125;
}
