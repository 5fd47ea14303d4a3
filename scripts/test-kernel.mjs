// SPDX-License-Identifier: Apache-2.0
// `npm run test:kernel [-- <jest arguments>]`: tests with real containers. Started by root: gives the machine what a
// distribution gives, then runs them as an unprivileged user, and last the few about an engine started by root. Started
// by a user: uses what is there; what is missing is skipped with its name and reason. Ends with
// `N passed, N failed, N skipped`.

import { mkdtempSync, rmSync, chmodSync, chownSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './sources.mjs';
import { ensureBuilt } from './testing/built.mjs';
import { debianImage } from './testing/debian-image.mjs';
import { ensureTestUser, makeRuntimeDirectory, openTun, readableTree, runAsUser } from './testing/kernel-user.mjs';
import { passedOn, runProject } from './testing/jest-project.mjs';
import { ensurePackages, kernelTestPrograms } from './testing/packages.mjs';
import { printSkips } from './testing/skips.mjs';

const asRoot = async (args) => {
  const missing = ensurePackages(kernelTestPrograms);
  if (missing.length > 0) console.log(`not installed: ${missing.join(' ')}; the tests that need them are skipped`);
  openTun();
  const debian = await debianImage().then(
    (path) => ({ SAMPAN_TEST_DEBIAN: path }),
    (error) => ({ SAMPAN_TEST_DEBIAN_ERROR: error.message }),
  );
  const user = ensureTestUser();
  const tree = readableTree(user);
  const runtime = makeRuntimeDirectory(user);
  const state = mkdtempSync(join(tmpdir(), 'sampan-test-state-'));
  chownSync(state, user.uid, user.gid);
  const env = { ...passedOn(), ...debian };
  try {
    const userCounts = await runProject({
      project: 'kernel',
      args,
      state,
      env: { ...env, XDG_RUNTIME_DIR: runtime.path },
      run: (command, more) => runAsUser({ user, command, cwd: tree.path, env: more }),
    });
    return [userCounts, await engineStartedByRoot({ args, env })];
  } finally {
    printSkips(state);
    tree.dispose();
    runtime.dispose();
    rmSync(state, { recursive: true, force: true });
  }
};

/** The engine itself must work when root starts it; its containers still have none of root's rights. */
const engineStartedByRoot = async ({ args, env }) => {
  const state = mkdtempSync(join(tmpdir(), 'sampan-test-state-'));
  // the containers' root, a sub-id, passes through
  chmodSync(state, 0o711);
  try {
    return await runProject({ project: 'root', args, state, env, run: runHere });
  } finally {
    printSkips(state);
    rmSync(state, { recursive: true, force: true });
  }
};

const asUser = async (args) => {
  const state = mkdtempSync(join(tmpdir(), 'sampan-test-state-'));
  try {
    return [await runProject({ project: 'kernel', args, state, env: {}, run: runHere })];
  } finally {
    printSkips(state);
    rmSync(state, { recursive: true, force: true });
  }
};

const runHere = async ([program, ...args], env) => {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw error;
  return status ?? 1;
};

ensureBuilt();
const started = process.argv.slice(2);
// a file or name that only one of the projects has is no failure of the other
const args = started.length > 0 ? ['--passWithNoTests', ...started] : [];
const results = await (process.getuid() === 0 ? asRoot(args) : asUser(args));
const total = (key) => results.reduce((sum, counts) => sum + counts[key], 0);
console.log(
  `${String(total('passed'))} passed, ${String(total('failed'))} failed, ${String(total('skipped'))} skipped`,
);
process.exitCode = total('failed') === 0 ? 0 : 1;
