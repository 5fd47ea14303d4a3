// SPDX-License-Identifier: Apache-2.0
// Builds build/Release/sampan.node and build/Release/sampan-helper: with cmake-js where cmake is, else with the
// node-gyp that npm brings. Incremental both ways. Nothing is downloaded when Node's headers lie beside Node.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root, strict } from './sources.mjs';

const require = createRequire(import.meta.url);

/** What is missing, with the command that installs it. */
export class ToolMissing extends Error {}

export const buildNative = () => {
  requireTool(compilers(), 'a C++20 compiler', { apt: 'g++ make', dnf: 'gcc-c++ make libstdc++-static glibc-static' });
  requireTool(['ninja', 'make', 'gmake'], 'make', { apt: 'make', dnf: 'make' });
  const env = { ...process.env, ...nodeHeaders() };
  if (hasTool('cmake')) return buildWithCmake(env);
  requireTool(['python3', 'python'], 'cmake (or python3, for node-gyp)', { apt: 'cmake', dnf: 'cmake' });
  return buildWithGyp(env);
};

const buildWithCmake = (env) => {
  const cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin/cmake-js');
  const command = [
    cmakeJs,
    // configure every time: it is cheap, and flags or the compiler may have changed
    ...['--log-level', 'error', '--out', join(root, 'build/cmake'), '--parallel', String(availableParallelism())],
    `--CDSAMPAN_STRICT=${strict ? 'ON' : 'OFF'}`,
  ];
  run(process.execPath, [command[0], 'configure', ...command.slice(1)], env);
  run(process.execPath, [command[0], 'build', ...command.slice(1)], env);
};

const buildWithGyp = (env) => {
  run(process.execPath, [nodeGyp(env), '--loglevel=error', 'configure', 'build', `--jobs=${String(availableParallelism())}`], env);
};

/** npm tells its scripts where its node-gyp is; outside npm it lies in npm's own folder beside Node. */
const nodeGyp = (env) => {
  const beside = join(dirname(dirname(realpathSync(process.execPath))), 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js');
  const candidates = [env.npm_config_node_gyp, beside, '/usr/share/nodejs/node-gyp/bin/node-gyp.js'];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new ToolMissing('neither cmake nor node-gyp was found\n  Debian, Ubuntu: apt-get install cmake\n  Fedora: dnf install cmake');
  return found;
};

/** The headers that came with this Node, else undefined: then cmake-js or node-gyp fetch them. */
const nodeHeaders = () => {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const there = ['node_api.h', 'uv.h'].every((name) => existsSync(join(prefix, 'include/node', name)));
  return there && !process.env.npm_config_nodedir ? { npm_config_nodedir: prefix } : {};
};

const compilers = () => (process.env.CXX ? [process.env.CXX.split(' ')[0]] : ['c++', 'g++', 'clang++']);

export const hasTool = (name) =>
  (name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      // not in this directory
      return false;
    }
  });

const requireTool = (names, what, { apt, dnf }) => {
  if (names.some(hasTool)) return;
  throw new ToolMissing(
    `sampan compiles a small native part when it is installed, and ${what} was not found\n` +
      `  Debian, Ubuntu: sudo apt-get install ${apt}\n  Fedora, RHEL:   sudo dnf install ${dnf}`,
  );
};

export const run = (program, args, env = process.env) => {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${signal ?? String(status)}`);
};
