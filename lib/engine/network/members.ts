// SPDX-License-Identifier: Apache-2.0
// The containers of a network, from their own files.

import { filesOf, listContainerIds } from '../../store/container-records.js';
import type { EndpointRecord } from '../../store/container-networks.js';
import type { Paths } from '../../store/paths.js';
import { endpointsOrNone, isReadable, seeContainer, seeContainers, seenRunning } from '../container/see.js';

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
  readonly endpoint: EndpointRecord;
}

export const networkMembers = (paths: Paths, networkId: string): readonly Member[] =>
  listContainerIds(paths).flatMap((id) => {
    const endpoint = endpointsOrNone(filesOf(paths, id)).find((one) => one.networkId === networkId);
    const seen = endpoint === undefined ? undefined : seeContainer(paths, id);
    if (endpoint === undefined || seen === undefined) return [];
    const { name = id.slice(0, 12) } = isReadable(seen) ? seen.record : seen.remains;
    return [{ id, name, isRunning: seenRunning(seen), endpoint }];
  });

/** The running containers with --network host or none. */
export const modeMembers = (paths: Paths, mode: 'host' | 'none'): readonly Pick<Member, 'id' | 'name'>[] =>
  seeContainers(paths)
    .filter(isReadable)
    .filter((seen) => seen.record.network === mode && seenRunning(seen))
    .map(({ id, record: { name } }) => ({ id, name }));
