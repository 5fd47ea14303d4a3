// SPDX-License-Identifier: Apache-2.0
// Addresses of a container: claimed at its start, kept while it is stopped unless another needs them, released with it.

import { existsSync } from 'node:fs';
import { sampanError } from '../../errors/sampan-error.js';
import { freeAddress, macOf, requestedAddress, sameHost } from '../../network/pools.js';
import { filesOf } from '../../store/container-records.js';
import type { AssignedEndpoint, EndpointRecord } from '../../store/container-networks.js';
import {
  claimAddress,
  readClaims,
  readNetworkRecord,
  releaseAddress,
  type NetworkPool,
  type NetworkRecord,
} from '../../store/network-records.js';
import { endpointsOrNone, seeContainer, seenRunning } from '../container/see.js';
import { hasIpv6 } from '../../network/host-routes.js';
import type { NetworkContext } from './create.js';

/** An endpoint with its network and its addresses. */
export interface LiveEndpoint {
  readonly endpoint: EndpointRecord & { readonly assigned: AssignedEndpoint };
  readonly network: NetworkRecord;
}

/** Under the network lock. @throws ERR_NETWORK_NOT_FOUND, ERR_NETWORK_FULL, ERR_NETWORK_ADDRESS_TAKEN, ERR_NETWORK_CONFIG */
export const assignEndpoint = (
  context: NetworkContext,
  container: string,
  endpoint: EndpointRecord,
  interfaceName: string,
): LiveEndpoint => {
  const network = networkOf(context, endpoint);
  const claims = new Claims(context, network, container);
  const { requested } = endpoint;
  const ipv4 = claims.choose(network.ipv4, requested.ipv4, undefined);
  const v6Pool = ipv6PoolOf(network, requested.ipv6, hasIpv6());
  const preferred =
    ipv4 === undefined || network.ipv4 === undefined || v6Pool === undefined
      ? undefined
      : sameHost(ipv4, network.ipv4, v6Pool);
  const ipv6 = claims.choose(v6Pool, requested.ipv6, preferred);
  for (const address of [ipv4, ipv6]) {
    if (address !== undefined) claimAddress(context.paths, network.id, address, container);
  }
  const mac = requested.mac ?? macOf(ipv4 ?? ipv6 ?? '');
  return { endpoint: { ...endpoint, assigned: { interfaceName, mac, ipv4, ipv6 } }, network };
};

/** undefined while IPv6 is off: the container does without. @throws ERR_NETWORK_CONFIG when it has asked for an address */
export const ipv6PoolOf = (
  { name, ipv6 }: Pick<NetworkRecord, 'name' | 'ipv6'>,
  requested: string | undefined,
  isOn: boolean,
): NetworkPool | undefined => {
  if (isOn || ipv6 === undefined) return ipv6;
  if (requested === undefined) return undefined;
  throw sampanError('ERR_NETWORK_CONFIG', {
    subject: `the address ${requested} of network ${name} cannot be given: IPv6 is off on this machine`,
    hint:
      '/proc/net/if_inet6 lists no address: sysctl net.ipv6.conf.all.disable_ipv6=0 switches it on, unless the kernel ' +
      'was started without it (ipv6.disable=1); or create the container anew without --ip6',
  });
};

/** @throws ERR_NETWORK_NOT_FOUND */
export const networkOf = ({ paths }: Pick<NetworkContext, 'paths'>, endpoint: EndpointRecord): NetworkRecord => {
  const network = readNetworkRecord(paths, endpoint.networkId);
  if (network !== undefined) return network;
  throw sampanError('ERR_NETWORK_NOT_FOUND', {
    subject: endpoint.networkName,
    hint: 'it was removed: disconnect the container from it, or create the container anew',
  });
};

/** Under the network lock: the addresses are free for others. */
export const releaseEndpoint = (context: NetworkContext, container: string, endpoint: EndpointRecord): void => {
  const { assigned, networkId } = endpoint;
  for (const address of [assigned?.ipv4, assigned?.ipv6]) {
    if (address !== undefined) releaseAddress(context.paths, networkId, address, container);
  }
};

/** Who has which address of one network, and whether he still needs it. */
class Claims {
  readonly #claims: ReadonlyMap<string, string>;

  constructor(
    private readonly context: NetworkContext,
    private readonly network: NetworkRecord,
    private readonly container: string,
  ) {
    this.#claims = readClaims(context.paths, network.id);
  }

  choose(
    pool: NetworkPool | undefined,
    requested: string | undefined,
    preferred: string | undefined,
  ): string | undefined {
    if (requested !== undefined) return this.#requested(requestedAddress(pool, requested, this.network.name));
    if (pool === undefined) return undefined;
    const own = this.#own(pool);
    if (own !== undefined) return own;
    if (preferred !== undefined && !this.#claims.has(preferred) && preferred !== pool.gateway) return preferred;
    try {
      return freeAddress(pool, new Set(this.#claims.keys()), this.network.name);
    } catch {
      // Full: those of containers that have ended are free all the same.
      const needed = [...this.#claims]
        .filter(([address, container]) => this.#isNeeded(address, container))
        .map(([address]) => address);
      return freeAddress(pool, new Set(needed), this.network.name);
    }
  }

  /** The one from before: it keeps its address over restarts. */
  #own(pool: NetworkPool): string | undefined {
    const family = pool.subnet.includes(':');
    return [...this.#claims].find(
      ([address, container]) => container === this.container && address.includes(':') === family,
    )?.[0];
  }

  #requested(address: string): string {
    const holder = this.#claims.get(address);
    if (holder === undefined || !this.#isNeeded(address, holder)) return address;
    throw sampanError('ERR_NETWORK_ADDRESS_TAKEN', {
      subject: `${address} of network ${this.network.name}`,
      hint: `by container ${holder.slice(0, 12)}`,
    });
  }

  /**
   * A container that is being started, or connected, holds its lock and may not say yet that it has the address; of one
   * that runs without it, a command was killed.
   */
  #isNeeded(address: string, container: string): boolean {
    if (container === this.container) return false;
    const { paths, locks } = this.context;
    const seen = seeContainer(paths, container);
    if (seen !== undefined && seenRunning(seen) && this.#saysToHave(container, address)) return true;
    const lock = locks.tryContainer(container);
    lock?.[Symbol.dispose]();
    return lock === undefined && existsSync(filesOf(paths, container).directory);
  }

  #saysToHave(container: string, address: string): boolean {
    return endpointsOrNone(filesOf(this.context.paths, container)).some(
      ({ networkId, assigned }) =>
        networkId === this.network.id && (assigned?.ipv4 === address || assigned?.ipv6 === address),
    );
  }
}
