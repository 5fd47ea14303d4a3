// SPDX-License-Identifier: Apache-2.0
// The files of the networks (docs/state-on-disk.md): a directory each, with its record and, as symlinks from address to
// container id, which address is whose. Everything here is called under the network lock, except reading.

import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../errors/sampan-error.js';
import { namesIn } from '../util/names-in.js';
import { readJson, removeIfThere, syncDirectory, writeJsonAtomic } from './atomic.js';
import { makeDirectories } from './make-directories.js';
import type { Paths } from './paths.js';
import { makeScratch, moveToScratch, type RemoveTree } from './scratch.js';

/** One family of a network: its addresses as texts. */
export interface NetworkPool {
  readonly subnet: string;
  readonly gateway: string;
  readonly ipRange?: string | undefined;
}

/** Written once, when the network is created. */
export interface NetworkRecord {
  readonly schema: 1;
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly driver: 'bridge';
  readonly internal: boolean;
  /** what was said at its creation: only shown */
  readonly attachable?: boolean | undefined;
  readonly ipv4?: NetworkPool | undefined;
  readonly ipv6?: NetworkPool | undefined;
  /** IPv6 was asked for: names mean the IPv6 addresses, too */
  readonly ipv6Names?: boolean | undefined;
  readonly mtu: number;
  /** of the host's loopback, open to the network's containers */
  readonly hostPorts: readonly { readonly first: number; readonly last: number }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

const recordName = 'record.json';
const addressesName = 'addresses';

export const listNetworks = (paths: Paths): readonly NetworkRecord[] =>
  namesIn(paths.networks, 'ENOTDIR')
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((id) => readNetworkRecord(paths, id))
    .filter((record) => record !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** undefined when there is no such network (any more) */
export const readNetworkRecord = (paths: Paths, id: string): NetworkRecord | undefined =>
  readJson(join(paths.networks, id, recordName)) as NetworkRecord | undefined; // written by us, whole or not at all

export const addNetwork = (paths: Paths, record: NetworkRecord): void => {
  makeDirectories(paths.networks, 0o700);
  const scratch = makeScratch(paths);
  try {
    mkdirSync(join(scratch, addressesName));
    writeJsonAtomic(join(scratch, recordName), record, { durable: true });
    renameSync(scratch, join(paths.networks, record.id));
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
  syncDirectory(paths.networks);
};

export const dropNetwork = async (paths: Paths, id: string, removeTree: RemoveTree): Promise<void> => {
  const scratch = moveToScratch(paths, join(paths.networks, id));
  if (scratch !== undefined) await removeTree(scratch);
};

/** Addresses that were given out, and to which container; some of these may have ended since. */
export const readClaims = (paths: Paths, id: string): ReadonlyMap<string, string> => {
  const directory = join(paths.networks, id, addressesName);
  return new Map(namesIn(directory, 'ENOTDIR').map((address) => [address, readlinkSync(join(directory, address))]));
};

export const claimAddress = (paths: Paths, id: string, address: string, container: string): void => {
  const path = join(paths.networks, id, addressesName, address);
  removeIfThere(path);
  symlinkSync(container, path);
};

/** Only while it is still this container's. */
export const releaseAddress = (paths: Paths, id: string, address: string, container: string): void => {
  const path = join(paths.networks, id, addressesName, address);
  try {
    if (readlinkSync(path) === container) removeIfThere(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
};
