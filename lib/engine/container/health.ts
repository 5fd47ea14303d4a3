// SPDX-License-Identifier: Apache-2.0
// The health of a container as `inspect` and `ps` show it: what its monitor has recorded, if it is of this process.

import {
  readFinalHealthRecord,
  readHealthRecord,
  type ContainerFiles,
  type ContainerRecord,
  type HealthRecord,
} from '../../store/container-records.js';
import { isProbed } from '../../spec/health.js';
import { isSameProcess } from '../../util/process-identity.js';
import type { DerivedStatus } from './status.js';

export type Health = Pick<HealthRecord, 'status' | 'failingStreak' | 'log'>;

/** undefined: there is no health check, or there was no start yet */
export const healthOf = (
  { process }: ContainerRecord,
  files: ContainerFiles,
  state: DerivedStatus,
): Health | undefined => {
  if (!isProbed(process.healthcheck) || state.status === 'created' || state.run === undefined) return undefined;
  const { run } = state;
  // docker calls what is not probed (any more) unhealthy, and keeps the results.
  if (state.status === 'exited') return unhealthy(readFinalHealthRecord(files, run));
  const record = readHealthRecord(run);
  if (state.status === 'restarting') return unhealthy(record);
  // A process that was started a moment ago has no record yet.
  if (record !== undefined && isSameProcess(record.init, run.init)) return record;
  return { status: 'starting', failingStreak: 0, log: record?.log ?? [] };
};

const unhealthy = (record: HealthRecord | undefined): Health => ({
  status: 'unhealthy',
  failingStreak: record?.failingStreak ?? 0,
  log: record?.log ?? [],
});
