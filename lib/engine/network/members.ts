// SPDX-License-Identifier: Apache-2.0
// The containers of a network, from their own files.

import { filesOf, listContainerIds, readContainerRecord } from '../../store/container-records.js';
import { readEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import type { Paths } from '../../store/paths.js';
import { deriveStatus, isRunning } from '../container/status.js';

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
  readonly endpoint: EndpointRecord;
}

export const networkMembers = (paths: Paths, networkId: string): readonly Member[] =>
  listContainerIds(paths).flatMap((id) => {
    const files = filesOf(paths, id);
    const endpoint = readEndpoints(files).find((one) => one.networkId === networkId);
    const record = endpoint === undefined ? undefined : readContainerRecord(files);
    if (endpoint === undefined || record === undefined) return [];
    return [{ id, name: record.name, isRunning: isRunning(deriveStatus(files)), endpoint }];
  });
