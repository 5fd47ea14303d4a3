// SPDX-License-Identifier: Apache-2.0
// The one place for what tests prepare once and use often (root file systems, guest images): outside the repository,
// so that a fresh clone finds it. Entries are built under a temporary name and renamed, so that a killed build leaves
// nothing that looks finished.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const cacheDirectory = () =>
  process.env.SAMPAN_TEST_CACHE ??
  (process.getuid() === 0 ? '/var/cache/sampan-test' : join(homedir(), '.cache/sampan-test'));

/** The path of entry `kind/key`, built by build(directory) when it is not there; other keys of that kind are dropped. */
export const cached = async ({ kind, key }, build) => {
  const parent = join(cacheDirectory(), kind);
  const path = join(parent, key);
  if (existsSync(path)) return path;
  mkdirSync(parent, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(parent))
    if (!isBeingBuilt(name)) rmSync(join(parent, name), { recursive: true, force: true });
  const temporary = join(parent, `.building-${String(process.pid)}`);
  mkdirSync(temporary, { mode: 0o755 });
  try {
    await build(temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return path;
};

const isBeingBuilt = (name) => {
  const pid = /^\.building-(\d+)$/.exec(name)?.[1];
  return pid !== undefined && existsSync(`/proc/${pid}`);
};
