// SPDX-License-Identifier: Apache-2.0
// Who has the port that a container wanted? Our own containers are known by name; of others the kernel tells.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import type { Paths } from '../../store/paths.js';
import { isReadable, seeContainers, type ReadableContainer } from './see.js';

/** Says which container has the port, when one has; any other error stays what it is. */
export const withPortOwner = (paths: Paths, error: unknown): unknown => {
  if (!isSampanError(error, 'ERR_PORT_TAKEN')) return error;
  const [, port, protocol] = /:(\d+)\/(tcp|udp)$/.exec(error.subject) ?? [];
  const name = seeContainers(paths)
    .filter(isReadable)
    .find((seen) => hasPort(seen, Number(port), protocol))?.record.name;
  if (name === undefined) return error;
  return sampanError('ERR_PORT_TAKEN', {
    subject: error.subject,
    hint: `the container ${name} has it: 'sampan stop ${name}', or publish at another port`,
    cause: error.cause,
  });
};

const hasPort = ({ state }: ReadableContainer, port: number, protocol: string | undefined): boolean => {
  const published = state.status === 'running' ? (state.run.publishedPorts ?? []) : [];
  return published.some((one) => one.hostPort === port && one.protocol === protocol);
};
