// SPDX-License-Identifier: Apache-2.0
// networks.json of a container: the networks it is on, what was asked for in each, and which addresses it got at its
// last start. Under the container's lock.

import { join } from 'node:path';
import { writeJsonAtomic } from './atomic.js';
import { readOwn, type ContainerFiles } from './container-records.js';

export interface EndpointRecord {
  readonly networkId: string;
  readonly networkName: string;
  readonly aliases: readonly string[];
  readonly requested: {
    readonly ipv4?: string | undefined;
    readonly ipv6?: string | undefined;
    readonly mac?: string | undefined;
  };
  /** of the last start */
  readonly assigned?: AssignedEndpoint | undefined;
}

export interface AssignedEndpoint {
  readonly interfaceName: string;
  readonly mac: string;
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

interface ContainerNetworks {
  readonly schema: 1;
  readonly endpoints: readonly EndpointRecord[];
}

const pathIn = ({ directory }: Pick<ContainerFiles, 'directory'>): string => join(directory, 'networks.json');

export const readEndpoints = (files: Pick<ContainerFiles, 'directory'>): readonly EndpointRecord[] =>
  (readOwn(pathIn(files)) as ContainerNetworks | undefined)?.endpoints ?? []; // written by us, whole or not at all

export const writeEndpoints = (
  files: Pick<ContainerFiles, 'directory'>,
  endpoints: readonly EndpointRecord[],
  options: { readonly durable: boolean },
): void => {
  const networks: ContainerNetworks = { schema: 1, endpoints };
  writeJsonAtomic(pathIn(files), networks, options);
};
