// SPDX-License-Identifier: Apache-2.0
// Capability names, docker's default set, and --cap-add / --cap-drop.

import { sampanError } from '../errors/sampan-error.js';
import { capabilityNames } from '../util/capability-names.js';

export { capabilityNames };

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
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `capability ${text}`,
    hint: "capabilities(7) lists the names; 'ALL' is all of them",
  });
};
