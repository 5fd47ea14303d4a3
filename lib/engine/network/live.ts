// SPDX-License-Identifier: Apache-2.0
// What a container that runs is on now, as its files tell.

import type { EndpointRecord } from '../../store/container-networks.js';
import { readNetworkRecord } from '../../store/network-records.js';
import type { Paths } from '../../store/paths.js';
import type { LiveEndpoint } from './assign.js';

/** Those that have their addresses, and a network. */
export const liveEndpoints = (paths: Paths, endpoints: readonly EndpointRecord[]): readonly LiveEndpoint[] =>
  endpoints.flatMap((endpoint): readonly LiveEndpoint[] => {
    const network = readNetworkRecord(paths, endpoint.networkId);
    const { assigned } = endpoint;
    return network === undefined || assigned === undefined ? [] : [{ endpoint: { ...endpoint, assigned }, network }];
  });

/** The first that is not internal has the default route and the published ports, at a start as later. */
export const wayOutOf = (paths: Paths, endpoints: readonly EndpointRecord[]): LiveEndpoint | undefined =>
  liveEndpoints(paths, endpoints).find(({ network }) => !network.internal);
