// SPDX-License-Identifier: Apache-2.0
// `npm run test:fuzz [-- <target>]`: every fuzz target for a bounded time, so that what a change opens to hostile bytes
// is seen at once. A longer run of one target: build/fuzz/fuzz_tar -max_total_time=3600.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { buildFuzzTargets } from './native-build.mjs';
import { root, sourcesOf } from './sources.mjs';
import { ensurePackages } from './testing/packages.mjs';
import { hasTool } from './toolchain.mjs';

const secondsEach = 10;
const memoryMegabytes = 1024;
const limits = [`-max_total_time=${String(secondsEach)}`, `-rss_limit_mb=${String(memoryMegabytes)}`, '-timeout=10'];

const targets = sourcesOf('fuzz')
  .map((path) => basename(path, '.cc'))
  .filter((name) => argv.length < 3 || argv.includes(name));

/** Inputs that reach far, from which mutations begin. */
const seedsOf = (name) => {
  const directory = join(root, 'addon/test/seeds', name);
  if (!existsSync(directory)) return [];
  return [
    `-seed_inputs=${readdirSync(directory)
      .map((file) => join(directory, file))
      .join(',')}`,
  ];
};

const survives = (name) => {
  const artifacts = `-artifact_prefix=${join(root, 'build/fuzz')}/`;
  const { status, stderr } = spawnSync(join(root, 'build/fuzz', name), [...limits, artifacts, ...seedsOf(name)], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const lines = stderr.trim().split('\n');
  console.log(status === 0 ? `${name}: ${lines.at(-1)}` : `${name} failed:\n${lines.slice(-40).join('\n')}`);
  return status === 0;
};

/** clang and its runtime library are packages of their own: what counts is whether a target links. */
const canFuzz = () => {
  const source = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }';
  const options = ['-x', 'c++', '-', '-fsanitize=fuzzer,address,undefined', '-o', '/dev/null'];
  return spawnSync('clang++', options, { input: source }).status === 0;
};

const installInCi = () => {
  ensurePackages({ 'clang++': 'clang' });
  const major = /^\d+/.exec(spawnSync('clang++', ['-dumpversion'], { encoding: 'utf8' }).stdout ?? '')?.[0];
  if (major !== undefined && !canFuzz()) ensurePackages({ 'the runtime of clang': `libclang-rt-${major}-dev` });
};

if (process.env.CI) installInCi();
if (canFuzz() && hasTool('cmake')) {
  buildFuzzTargets();
  const passed = targets.filter(survives).length;
  console.log(`${String(passed)} passed, ${String(targets.length - passed)} failed, 0 skipped`);
  process.exitCode = passed === targets.length ? 0 : 1;
} else {
  console.log('fuzzing needs clang, its runtime library (libclang-rt-*-dev) and cmake');
  console.log(`0 passed, 0 failed, ${String(targets.length)} skipped`);
}
