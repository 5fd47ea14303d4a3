// SPDX-License-Identifier: Apache-2.0
// Builds build/Release/sampan.node and build/Release/sampan-helper: with cmake-js where cmake is, else with the
// node-gyp that npm brings, and without python with the compiler alone. Incremental each way. Nothing is downloaded
// when Node's headers lie beside Node.

import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { buildDirectly } from './direct-build.mjs';
import { nodeAddonApi, root, sourcesOf, strict } from './sources.mjs';
import { BuildFailure, hasTool, needs, requireCompiler, requireStaticLibraries } from './toolchain.mjs';

const jobs = String(availableParallelism());
const helperMain = 'addon/helper/main.cc';

export const buildNative = async () => {
  requireCompiler();
  try {
    await buildWithWhatIsThere();
  } catch (error) {
    requireStaticLibraries();
    throw error;
  }
};

const buildWithWhatIsThere = async () => {
  const makers = ['ninja', 'make', 'gmake'].some(hasTool);
  if (hasTool('cmake') && makers) return buildWithCmake();
  if (['python3', 'python'].some(hasTool) && makers && nodeGyp() !== undefined) return buildWithGyp(nodeGyp());
  return buildWithCompiler();
};

/** build/native-tests/native-tests, with sanitizers. */
export const buildNativeTests = async () => {
  requireCompiler();
  const directory = 'build/native-tests';
  if (!hasTool('cmake')) {
    const sources = [...sourcesOf('tests'), ...sourcesOf('helper').filter((path) => path !== helperMain)];
    return buildDirectly({
      target: 'tests',
      sources,
      output: `${directory}/native-tests`,
      objects: `${directory}/objects`,
    });
  }
  return runCmake(directory, ['-DSAMPAN_TESTS=ON']);
};

/** build/fuzz/fuzz_*, with clang. */
export const buildFuzzTargets = () => {
  if (!hasTool('clang++')) throw new BuildFailure(`fuzzing ${needs('clang', 'clang')}`);
  return runCmake('build/fuzz', ['-DSAMPAN_FUZZ=ON', '-DCMAKE_CXX_COMPILER=clang++']);
};

const runCmake = (directory, options) => {
  const generator = hasTool('ninja') ? ['-G', 'Ninja'] : [];
  run('cmake', ['-S', root, '-B', directory, ...generator, ...options, `-DSAMPAN_STRICT=${strict ? 'ON' : 'OFF'}`]);
  run('cmake', ['--build', directory, '--parallel', jobs]);
};

const buildWithCmake = () => {
  const cmakeJs = join(dirname(createRequire(import.meta.url).resolve('cmake-js/package.json')), 'bin/cmake-js');
  const options = ['--log-level', 'error', '--out', join(root, 'build/cmake'), '--parallel', jobs];
  options.push(`--CDSAMPAN_STRICT=${strict ? 'ON' : 'OFF'}`, '--CDCMAKE_BUILD_TYPE=Release');
  // Configured every time: it is cheap, and the compiler or the mode may have changed.
  for (const step of ['configure', 'build']) run(process.execPath, [cmakeJs, step, ...options], headersEnv());
};

const buildWithGyp = (gyp) => {
  run(process.execPath, [gyp, '--loglevel=error', 'configure', 'build', `--jobs=${jobs}`], headersEnv());
};

const buildWithCompiler = async () => {
  const headers = process.env.npm_config_nodedir ?? nodeHeaders();
  if (headers === undefined) {
    throw new BuildFailure(
      `the headers of Node ${process.version} were not found, and fetching them ${needs('cmake make', 'cmake make')}`,
    );
  }
  const objects = (target) => `build/direct/${target}`;
  await buildDirectly({ target: 'helper', output: 'build/Release/sampan-helper', objects: objects('helper') });
  await buildDirectly({
    target: 'addon',
    output: 'build/Release/sampan.node',
    objects: objects('addon'),
    compileFlags: ['-isystem', join(headers, 'include/node'), '-isystem', nodeAddonApi()],
    linkFlags: ['-shared'],
  });
};

/** npm tells its scripts where its node-gyp is; outside npm it lies in npm's own folder beside Node. */
const nodeGyp = () => {
  const beside = join(nodePrefix(), 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js');
  return [process.env.npm_config_node_gyp, beside, '/usr/share/nodejs/node-gyp/bin/node-gyp.js'].find(
    (path) => path && existsSync(path),
  );
};

const nodePrefix = () => dirname(dirname(realpathSync(process.execPath)));

/** Where the headers that came with this Node are, else undefined: then cmake-js or node-gyp fetch them. */
const nodeHeaders = () =>
  ['node_api.h', 'uv.h'].every((name) => existsSync(join(nodePrefix(), 'include/node', name)))
    ? nodePrefix()
    : undefined;

/** cmake-js and node-gyp take the headers from this setting, which npm gives them too when a user has made it. */
const headersEnv = () => {
  const found = nodeHeaders();
  return found === undefined || process.env.npm_config_nodedir
    ? process.env
    : { ...process.env, npm_config_nodedir: found };
};

const run = (program, args, env = process.env) => {
  const { status, signal, error } = spawnSync(program, args, { cwd: root, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new BuildFailure(`${program} ${args.join(' ')} ended with ${signal ?? String(status)}`);
};
