// SPDX-License-Identifier: Apache-2.0
// Capability names, docker's default set, and --cap-add / --cap-drop.

import { sampanError } from '../errors/sampan-error.js';

/** In the order of linux/capability.h: the position is the bit. */
export const capabilityNames = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

export type Capability = (typeof capabilityNames)[number];

/** docker's default set (docs.docker.com, "Runtime privilege and Linux capabilities"). */
const defaultCapabilities: readonly Capability[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/**
 * docker's rule: ALL in add or drop sets the base, then single names are added and dropped; a drop wins.
 * @throws ERR_INVALID_VALUE for an unknown name
 */
export const resolveCapabilities = ({ privileged, add, drop }: CapabilityRequest): readonly Capability[] => {
  if (privileged) return capabilityNames;
  const added = add.map(parseCapability);
  const dropped = drop.map(parseCapability);
  const base = added.includes('ALL') ? capabilityNames : dropped.includes('ALL') ? [] : defaultCapabilities;
  const wanted = new Set([...base, ...added.filter((name) => name !== 'ALL')]);
  for (const name of dropped) if (name !== 'ALL') wanted.delete(name);
  return capabilityNames.filter((name) => wanted.has(name));
};

/** The sets of capset(2) as one mask. */
export const capabilityMask = (capabilities: readonly Capability[]): bigint =>
  capabilities.reduce((mask, name) => mask | (1n << BigInt(capabilityNames.indexOf(name))), 0n);

const parseCapability = (text: string): Capability | 'ALL' => {
  const upper = text.toUpperCase();
  if (upper === 'ALL') return 'ALL';
  const name = capabilityNames.find((known) => known === upper || known === `CAP_${upper}`);
  if (name !== undefined) return name;
  throw sampanError('ERR_INVALID_VALUE', { subject: `capability ${text}`, hint: "capabilities(7) lists the names; 'ALL' is all of them" });
};
