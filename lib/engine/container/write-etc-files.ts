// SPDX-License-Identifier: Apache-2.0
// When the generated files of a container are written: anew at each start, as docker does it, and while it runs when its
// networks change. Then lines of others stay. The caller holds the container's lock.
//
// While the files are changed, etc.json names what was there and what is to come: after a kill the next change takes both
// away.

import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { networkKind } from '../../spec/network-mode.js';
import { writeFileAtomic } from '../../store/atomic.js';
import { changeBoundFile, resetBoundFile } from '../../store/bound-file.js';
import type { ContainerFiles, ContainerRecord } from '../../store/container-records.js';
import { readMadeTexts, writeMadeTexts, type MadeTexts } from '../../store/made-files.js';
import type { LiveEndpoint } from '../network/assign.js';
import { buildEtcFiles, type EndpointFacts, type EtcFiles } from './etc-files.js';
import { mergeHosts, mergeResolvConf } from './merge-etc-file.js';
import { readHostFile } from './read-host-file.js';

/** The address that stands for the host's loopback in every network that opens ports of it: link-local, so nobody has it. */
export const hostAlias = '169.254.1.2';

/** Nothing runs yet; containers that share its network may have the files bound, so they are written in place. */
export const resetEtcFiles = (
  record: ContainerRecord,
  files: ContainerFiles,
  endpoints: readonly LiveEndpoint[],
): void => {
  const etc = etcFilesOf(record, endpoints);
  prepareRestart(record, files, etc);
  for (const name of etcFileNames) resetBoundFile(join(files.directory, name), etc[name]);
  writeMadeTexts(files, [textsOf(etc)]);
};

const merges = { hosts: mergeHosts, 'resolv.conf': mergeResolvConf } as const;

/** @returns warnings: which file could not be changed, and why */
export const changeEtcFiles = (
  record: ContainerRecord,
  files: ContainerFiles,
  endpoints: readonly LiveEndpoint[],
): readonly string[] => {
  const known = readMadeTexts(files);
  // Of a container that runs since before this was written down nobody knows which lines are whose.
  if (known.length === 0) {
    resetEtcFiles(record, files, endpoints);
    return [];
  }
  const etc = etcFilesOf(record, endpoints);
  const next = textsOf(etc);
  prepareRestart(record, files, etc);
  writeMadeTexts(files, [...known, next]);
  const warnings = (['hosts', 'resolv.conf'] as const).flatMap((name) => {
    const made = known.map((texts) => bytesOf(texts[name]));
    const failed = changeBoundFile(join(files.directory, name), (current) =>
      merges[name]({ current, made, next: bytesOf(next[name]) }),
    );
    return failed === undefined ? [] : [`/etc/${name} of container ${record.name} stays as it is: ${failed.reason}`];
  });
  writeMadeTexts(files, [next]);
  return warnings;
};

/** What the monitor writes over the files when it starts the container again. */
const prepareRestart = (record: ContainerRecord, { directory }: ContainerFiles, etc: EtcFiles): void => {
  if (!isRestarted(record)) return;
  for (const name of etcFileNames) writeFileAtomic(join(directory, restartNameOf(name)), etc[name], { durable: false });
};

export const isRestarted = ({ request }: ContainerRecord): boolean => request.restart !== undefined;
export const etcFileNames = ['hostname', 'hosts', 'resolv.conf'] as const;
export const restartNameOf = (name: (typeof etcFileNames)[number]): string => `${name}.start`;

const textsOf = ({ hosts, 'resolv.conf': resolvConf }: EtcFiles): MadeTexts => ({ hosts, 'resolv.conf': resolvConf });

/** As the file's content comes: a character for each byte. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

const etcFilesOf = (record: ContainerRecord, endpoints: readonly LiveEndpoint[]): EtcFiles => {
  const { request, hostname } = record;
  const network = networkKind(record.network);
  return buildEtcFiles({
    request,
    network,
    endpoints: network === 'bridge' ? factsOf(endpoints) : undefined,
    hostname,
    hostHosts: network === 'host' ? (readHostFile('/etc/hosts') ?? '') : '',
    hostResolvConf: readHostFile('/etc/resolv.conf') ?? '',
  });
};

const factsOf = (endpoints: readonly LiveEndpoint[]): EndpointFacts => ({
  addresses: endpoints.flatMap(({ endpoint: { assigned }, network }) =>
    [assigned.ipv4, network.ipv6Names === true ? assigned.ipv6 : undefined].filter((address) => address !== undefined),
  ),
  nameservers: endpoints
    .slice(0, 1)
    .flatMap(({ network }) => [network.ipv4?.gateway].filter((address) => address !== undefined)),
  hostGateway: endpoints.some(({ network }) => network.hostPorts.length > 0) ? hostAlias : hostAddress(),
});

/** Its own address towards others, where services that listen on all addresses are reached. */
const hostAddress = (): string =>
  Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.internal === false && address.family === 'IPv4')?.address ?? hostAlias;
