// SPDX-License-Identifier: Apache-2.0
// `npm run test:vm`: the built project inside a guest with systemd, cgroup v2 and an unprivileged user, in software
// emulation. What only such a machine has is tested here: test/vm/run.sh. Ends with `N passed, N failed, N skipped`.

import { existsSync } from 'node:fs';
import { ensureBuilt } from './testing/built.mjs';
import { runGuest } from './testing/guest.mjs';
import { guestBase } from './testing/guest-image.mjs';
import { ensurePackages, guestTestPrograms } from './testing/packages.mjs';

const skip = (reason) => {
  console.log(`guest tests skipped: ${reason}`);
  console.log('0 passed, 0 failed, 1 skipped');
  process.exitCode = process.env.CI && process.arch === 'x64' && existsSync('/usr/bin/apt-get') ? 1 : 0;
};

const main = async () => {
  if (process.arch !== 'x64') return skip('the guest is an x86-64 machine');
  const missing = ensurePackages(guestTestPrograms);
  if (missing.length > 0) return skip(`missing packages: ${missing.join(' ')}`);
  if (process.getuid() !== 0) return skip('its base image is made by root (debootstrap); start them as root');
  ensureBuilt();
  const { passed, failed, skipped } = await runGuest(await guestBase());
  console.log(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
};

await main();
