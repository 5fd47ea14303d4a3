// SPDX-License-Identifier: Apache-2.0
// From what a user typed to one network: full id, then name, then unique id prefix (docker's order).

import { sampanError } from '../../errors/sampan-error.js';
import { listNetworks, type NetworkRecord } from '../../store/network-records.js';
import type { Paths } from '../../store/paths.js';
import { builtInId } from './ids.js';

/** Modes rather than networks: they have no record, but docker lists them as networks. */
export const builtInNames = ['bridge', 'host', 'none'] as const;
export const defaultNetworkName = 'bridge';
/** docker's other word for it in --network, so no network can be called that */
export const defaultNetworkWord = 'default';

export const tryFindNetwork = (paths: Paths, nameOrId: string): NetworkRecord | undefined => {
  const all = listNetworks(paths);
  const exact = all.find(({ id }) => id === nameOrId) ?? all.find(({ name }) => name === nameOrId);
  if (exact !== undefined) return exact;
  const matching = /^[0-9a-f]+$/.test(nameOrId) ? all.filter(({ id }) => id.startsWith(nameOrId)) : [];
  if (matching.length < 2) return matching[0];
  throw sampanError('ERR_NETWORK_AMBIGUOUS', { subject: nameOrId, hint: 'give more characters of the id' });
};

/** By name, id or the beginning of the id, as `network ls` shows them. */
const findMode = (nameOrId: string): 'host' | 'none' | undefined =>
  (['host', 'none'] as const).find(
    (mode) => mode === nameOrId || (nameOrId.length > 0 && builtInId(mode).startsWith(nameOrId)),
  );

/** @throws ERR_NETWORK_NOT_FOUND, ERR_NETWORK_AMBIGUOUS */
export const findNetworkOrMode = (paths: Paths, nameOrId: string): NetworkRecord | 'host' | 'none' => {
  const found = tryFindNetwork(paths, nameOrId) ?? findMode(nameOrId);
  if (found !== undefined) return found;
  throw notFound(nameOrId);
};

/** @throws ERR_NETWORK_NOT_FOUND, ERR_NETWORK_AMBIGUOUS */
export const findNetwork = (paths: Paths, nameOrId: string): NetworkRecord => {
  const found = tryFindNetwork(paths, nameOrId);
  if (found !== undefined) return found;
  throw notFound(nameOrId);
};

const notFound = (nameOrId: string): Error =>
  sampanError('ERR_NETWORK_NOT_FOUND', {
    subject: nameOrId,
    hint: "'sampan network ls' lists the networks, 'sampan network create' makes one",
  });
