// SPDX-License-Identifier: Apache-2.0
// lib/cli/main.ts -> dist/cli.cjs: one CommonJS file, because loading hundreds of modules is what makes a Node program
// start slowly. Without splitting, `await import('./x.js')` of our own modules becomes a wrapper that runs when asked.
// Not minified: with the code cache (scripts/code-cache.mjs) that saves nothing, and stacks stay readable. Large libraries
// that few commands need are files of their own beside it: every start reads the whole bundle.

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
    ...common,
    // import() needs a loader, which a compiled script does not have: require() does the same for what is beside it
    supported: { 'dynamic-import': false },
    banner: { js: lazyBuiltin },
    plugins: [separateFiles],
  });
  writeFileSync(outfile, escapeOthers(deferBuiltins(readFileSync(outfile, 'utf8'))), 'latin1');
  for (const [name, contents] of Object.entries(separate)) {
    const stdin = { contents, resolveDir: root };
    await build({ absWorkingDir: root, stdin, outfile: join(root, `dist/${name}.cjs`), bundle: true, ...common });
  }
};

const common = { format: 'cjs', platform: 'node', target: 'node20', legalComments: 'none', logLevel: 'warning' };

/** Of undici only what lib/registry/transport.ts asks for: its fetch and WebSocket are most of it. */
const separate = {
  undici: `Object.assign(require('undici/lib/dispatcher/dispatcher').prototype, require('undici/lib/api'));
    exports.Pool = require('undici/lib/dispatcher/pool');
    exports.ProxyAgent = require('undici/lib/dispatcher/proxy-agent');`,
  execa: "export { execa } from 'execa';",
};

const separateFiles = {
  name: 'separate-files',
  setup: ({ onResolve }) => {
    // bin/sampan.js lends the bundle its require(): dist/ is beside bin/, as it is beside itself
    onResolve({ filter: new RegExp(`^(?:${Object.keys(separate).join('|')})$`) }, ({ path }) => ({
      path: `../dist/${path}.cjs`,
      external: true,
    }));
  },
};

/**
 * Modules of Node that its own start does not load: node:crypto alone costs 3 ms. esbuild reaches what is imported from
 * them through properties of one variable each, so an object that loads the module at the first access will do.
 */
const deferred =
  /^( *(?:var )?import_\w+ = )require\("node:(crypto|net|tty|stream|stream\/promises|zlib|child_process|http|https|tls|dns|readline|worker_threads)"\)/gm;
const deferredNamespace = /^( *(?:var )?\w+ = )__toESM\(require\("node:(zlib)"\)\);/gm;

const deferBuiltins = (text) =>
  text.replace(deferred, '$1lazyBuiltin("node:$2")').replace(deferredNamespace, '$1lazyBuiltin("node:$2");');

const lazyBuiltin = `const lazyBuiltin = (id) => {
  let loaded;
  return new Proxy({}, { get: (_, name) => (loaded ??= require(id))[name] });
};`;

/**
 * bin/sampan.js reads the bundle as latin1, and V8 keeps ASCII in half the space. esbuild has escaped all strings; what
 * is left stands in regular expressions, where the same escapes mean the same.
 */
const escapeOthers = (text) =>
  text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
