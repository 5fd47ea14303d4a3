// SPDX-License-Identifier: Apache-2.0
// The filters publish and expose of `ps`: PORT[-PORT][/PROTOCOL], tcp unless it says otherwise. publish means ports of
// the host, expose those of the container, published or not (docs.docker.com, "docker container ls", Filtering).

import { sampanError } from '../../errors/sampan-error.js';
import type { ContainerPort, PortRange } from '../../spec/ports.js';
import type { PortSummary } from '../contract.js';

interface WantedPorts extends PortRange {
  readonly protocol: string;
}

const parsePorts = (text: string): WantedPorts | undefined => {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || first < 1 || first > last || last > 65_535) return undefined;
  return { first, last, protocol: match[3] ?? 'tcp' };
};

/** Before any container is looked at. @throws ERR_INVALID_VALUE */
export const refuseOtherPorts = (filters: Readonly<Record<string, readonly string[]>>): void => {
  for (const name of ['publish', 'expose']) {
    const other = filters[name]?.find((value) => parsePorts(value) === undefined);
    if (other === undefined) continue;
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `filter ${name}=${other}`,
      hint: 'give ports as in 80, 53/udp or 8000-8010/tcp',
    });
  }
};

export const hasPort = (ports: readonly ContainerPort[], values: readonly string[]): boolean =>
  values
    .map(parsePorts)
    .some(
      (wanted) =>
        wanted !== undefined &&
        ports.some(({ port, protocol }) => protocol === wanted.protocol && wanted.first <= port && port <= wanted.last),
    );

export const publicPortsOf = (ports: readonly PortSummary[]): readonly ContainerPort[] =>
  ports.flatMap(({ hostPort, protocol }) => (hostPort === undefined ? [] : [{ port: hostPort, protocol }]));
