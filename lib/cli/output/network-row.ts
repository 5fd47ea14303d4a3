// SPDX-License-Identifier: Apache-2.0
// The row of `network ls`: docker's field names and texts.

import type { NetworkSummary } from '../../engine/network/contract.js';
import { formatTime } from '../../util/times.js';
import { GoFunction, GoStruct, type GoValue } from '../template/values.js';
import type { ListShape } from './list-format.js';
import { labelText } from './text.js';

export const networkShape: ListShape = {
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
};

export const networkRow = (network: NetworkSummary, { truncate }: { readonly truncate: boolean }): GoStruct => {
  const fields: Readonly<Record<string, GoValue>> = {
    CreatedAt: formatTime(network.createdAt),
    Driver: network.driver,
    ID: truncate ? network.id.slice(0, 12) : network.id,
    IPv4: 'true',
    IPv6: String(network.ipv6),
    Internal: String(network.internal),
    Labels: labelText(network.labels),
    Name: network.name,
    Scope: network.scope,
  };
  const label = new GoFunction(([name]) => (typeof name === 'string' ? (network.labels[name] ?? '') : ''), 1);
  return new GoStruct(new Map<string, GoValue>([...Object.entries(fields), ['Label', label]]), {
    typeName: '*formatter.networkContext',
  });
};
