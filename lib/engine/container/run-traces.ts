// SPDX-License-Identifier: Apache-2.0
// What a run has outside its container's directory: its sockets and its cgroup.

import { rmSync } from 'node:fs';
import { removeCgroup } from '../../runtime/cgroup.js';
import type { RunRecord } from '../../store/container-records.js';

export const removeRunTraces = ({ runtimeDirectory, cgroup }: Pick<RunRecord, 'runtimeDirectory' | 'cgroup'>): void => {
  rmSync(runtimeDirectory, { recursive: true, force: true });
  if (cgroup !== undefined) removeCgroup(cgroup);
};
