// SPDX-License-Identifier: Apache-2.0
// `npm run test:programs [-- <jest arguments>]`: real servers and clients in containers, on the host and on another
// machine (a network namespace), over good and bad links. Needs root, which makes the namespaces and the image; the
// tests run as an unprivileged user. Ends with `N passed, N failed, N skipped`.

import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBadLink, ensureBuilt } from './testing/built.mjs';
import { passedOn, runProject } from './testing/jest-project.mjs';
import { ensureTestUser, makeRuntimeDirectory, openTun, readableTree, runAsUser } from './testing/kernel-user.mjs';
import { ensurePackages, programTestPrograms } from './testing/packages.mjs';
import { programsImage } from './testing/programs-image.mjs';
import { printSkips } from './testing/skips.mjs';
import { addresses, TwoMachines } from './testing/two-machines.mjs';

const asRoot = async (args) => {
  ensureBuilt();
  ensurePackages(programTestPrograms);
  openTun();
  const image = await programsImage();
  const user = ensureTestUser();
  const tree = readableTree(user);
  const runtime = makeRuntimeDirectory(user);
  const state = mkdtempSync(join(tmpdir(), 'sampan-test-state-'));
  chownSync(state, user.uid, user.gid);
  const machines = await TwoMachines.make(state, ensureBadLink());
  try {
    machines.giveTo(user, { tree: tree.path, path: process.env.PATH });
    const env = {
      ...passedOn(),
      XDG_RUNTIME_DIR: runtime.path,
      SAMPAN_TEST_PROGRAMS: image,
      SAMPAN_TEST_MACHINES: state,
      SAMPAN_TEST_OTHER: addresses.other,
      SAMPAN_TEST_OTHER6: addresses.other6,
      SAMPAN_TEST_HOST: addresses.host,
    };
    const run = (command, more) =>
      runAsUser({
        user,
        command,
        cwd: tree.path,
        env: more,
        before: [...machines.into('host'), ...ownResolvConf(state)],
      });
    return await runProject({ project: 'programs', args: ['--runInBand', ...args], state, env, run });
  } finally {
    machines.dispose();
    printSkips(state);
    tree.dispose();
    runtime.dispose();
    rmSync(state, { recursive: true, force: true });
  }
};

/**
 * The tests change it: in a copy of /etc that they alone see. Not one file that is mounted over, because the image host
 * cannot lay a writable layer over a directory with mounts in it.
 */
const ownResolvConf = (state) => {
  const copy = join(state, 'etc');
  cpSync('/etc', copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const path = join(copy, 'resolv.conf');
  rmSync(path);
  writeFileSync(path, `nameserver ${addresses.other}\n`);
  chmodSync(path, 0o666);
  return ['unshare', '--mount', 'sh', '-c', `mount --bind '${copy}' /etc && exec "$0" "$@"`];
};

const { passed, failed, skipped } =
  process.getuid() === 0 ? await asRoot(process.argv.slice(2)) : { passed: 0, failed: 0, skipped: 1 };
if (process.getuid() !== 0) console.log('skipped: only root can make the namespaces that play two machines');
console.log(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
