// SPDX-License-Identifier: Apache-2.0
// Builds the product, and the program that tests run inside containers, when they are missing or older than what they
// are made from.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../sources.mjs';
import { compiler } from '../toolchain.mjs';
import { output } from './commands.mjs';

const products = [
  { made: 'build/Release/sampan.node', from: ['addon', 'CMakeLists.txt', 'binding.gyp'], step: 'native' },
  { made: 'build/Release/sampan-helper', from: ['addon', 'CMakeLists.txt', 'binding.gyp'], step: 'native' },
  { made: 'dist/cli.cjs', from: ['lib', 'addon/protocol', 'package-lock.json'], step: 'ts' },
];

export const ensureBuilt = () => {
  const steps = new Set(products.filter(isStale).map(({ step }) => step));
  for (const step of steps) {
    console.log(`building (${step})`);
    const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), step], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`the build step ${step} failed`);
    // an incremental build leaves alone what a newer file did not change
    for (const { made } of products.filter((product) => product.step === step))
      utimesSync(join(root, made), new Date(), new Date());
  }
  for (const name of ['report', 'deny']) ensureTestProgram(name);
};

const badLinkSources = ['test/bad_link', 'test/impaired_link', 'net/event_loop', 'net/timer_wheel', 'sys/poller'].map(
  (name) => `addon/${name}.cc`,
);

/** The cable of the program tests; the path of the program. */
export const ensureBadLink = () => {
  const made = join(root, 'build/test/bad-link');
  if (!isStale({ made: 'build/test/bad-link', from: ['addon/test', 'addon/net', 'addon/sys'] })) return made;
  mkdirSync(join(root, 'build/test'), { recursive: true });
  const [program, ...args] = compiler();
  output(program, [...args, '-std=c++20', '-D_GNU_SOURCE', '-O2', `-I${root}`, '-o', made, ...badLinkSources], {
    cwd: root,
  });
  return made;
};

const isStale = ({ made, from }) =>
  changedAt(join(root, made)) < Math.max(...from.map((path) => newest(join(root, path))));

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const newest = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
};

/** Static, so that it runs in an image that holds nothing else. */
const ensureTestProgram = (name) => {
  const made = `build/test/${name}`;
  const source = `test/support/${name}.cc`;
  if (!isStale({ made, from: [source] })) return;
  mkdirSync(join(root, 'build/test'), { recursive: true });
  const [program, ...args] = compiler();
  output(program, [
    ...args,
    '-std=c++17',
    '-O1',
    '-Wall',
    '-Wextra',
    '-static',
    '-o',
    join(root, made),
    join(root, source),
  ]);
};
