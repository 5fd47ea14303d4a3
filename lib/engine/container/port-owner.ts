// SPDX-License-Identifier: Apache-2.0
// Who has the port that a container wanted? Our own containers are known by name; of others the kernel tells.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { filesOf, listContainerIds, readContainerRecord } from '../../store/container-records.js';
import type { Paths } from '../../store/paths.js';
import { deriveStatus } from './status.js';

/** Says which container has the port, when one has; any other error stays what it is. */
export const withPortOwner = (paths: Paths, error: unknown): unknown => {
  if (!isSampanError(error, 'ERR_PORT_TAKEN')) return error;
  const [, port, protocol] = /:(\d+)\/(tcp|udp)$/.exec(error.subject) ?? [];
  const owner = listContainerIds(paths).find((id) => hasPort(paths, id, Number(port), protocol));
  const name = owner === undefined ? undefined : readContainerRecord(filesOf(paths, owner))?.name;
  if (name === undefined) return error;
  return sampanError('ERR_PORT_TAKEN', {
    subject: error.subject,
    hint: `the container ${name} has it: 'sampan stop ${name}', or publish at another port`,
    cause: error.cause,
  });
};

const hasPort = (paths: Paths, id: string, port: number, protocol: string | undefined): boolean => {
  const state = deriveStatus(filesOf(paths, id));
  const published = state.status === 'running' ? (state.run.publishedPorts ?? []) : [];
  return published.some((one) => one.hostPort === port && one.protocol === protocol);
};
