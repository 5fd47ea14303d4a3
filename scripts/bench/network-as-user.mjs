// SPDX-License-Identifier: Apache-2.0
// What network.mjs starts in the namespaces; the job is its argument.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { runNetworkRounds } from './network-rounds.mjs';

// costs every Node start tens of milliseconds, and is not ours
delete process.env.NODE_EXTRA_CA_CERTS;
const directory = mkdtempSync(join(tmpdir(), 'sampan-bench-'));
process.env.XDG_RUNTIME_DIR = join(directory, 'run');
mkdirSync(process.env.XDG_RUNTIME_DIR, { mode: 0o700 });
try {
  await runNetworkRounds({ ...JSON.parse(argv[2]), directory });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
