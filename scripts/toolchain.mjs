// SPDX-License-Identifier: Apache-2.0
// Which tools this machine has, and what to say when it lacks one.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Something that the user can put right: printed without a stack. */
export class BuildFailure extends Error {}

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

/** What CXX says, as make and cmake take it, else the system's C++ compiler: program and first arguments. */
export const compiler = () => {
  if (process.env.CXX) return process.env.CXX.split(' ');
  return [['c++', 'g++', 'clang++'].find(hasTool) ?? 'c++'];
};

export const needs = (apt, dnf) =>
  `needs\n  Debian, Ubuntu: sudo apt-get install ${apt}\n  Fedora, RHEL:   sudo dnf install ${dnf}`;

export const requireCompiler = () => {
  const [program] = compiler();
  if (hasTool(program)) return;
  throw new BuildFailure(
    `sampan compiles a small native part when it is installed; ${program} was not found: it ` +
      needs('g++ make', 'gcc-c++ make glibc-static libstdc++-static'),
  );
};

/** The helper is a static program, and some distributions package static libraries apart. Asked when a build failed. */
export const requireStaticLibraries = () => {
  if (!canLink([]) || canLink(['-static-pie'])) return;
  throw new BuildFailure(
    `the static C and C++ libraries are missing: sampan's helper ${needs('g++ libc6-dev', 'glibc-static libstdc++-static')}`,
  );
};

const canLink = (flags) => {
  const [program, ...args] = compiler();
  const input =
    '#include <string>\nint main(int argc, char **argv) { return std::string(argv[0]).empty() ? argc : 0; }\n';
  return spawnSync(program, [...args, ...flags, '-x', 'c++', '-', '-o', '/dev/null'], { input }).status === 0;
};
