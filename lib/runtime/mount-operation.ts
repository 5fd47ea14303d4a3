// SPDX-License-Identifier: Apache-2.0
// From one mount of the runtime config to its operation: option words become flags, the rest is the file system's data.

import * as k from '../native/constants.js';
import type { PlanOperation } from '../native/protocol.js';
import type { MountConfig } from '../spec/runtime-config.js';

interface OptionFlags {
  /** MS_* for mount(2) */
  readonly mount: number;
  /** MOUNT_ATTR_* for mount_setattr(2), where there is one */
  readonly attribute: number;
}

const optionFlags: Readonly<Record<string, OptionFlags>> = {
  ro: { mount: k.MS_RDONLY, attribute: k.MOUNT_ATTR_RDONLY },
  nosuid: { mount: k.MS_NOSUID, attribute: k.MOUNT_ATTR_NOSUID },
  nodev: { mount: k.MS_NODEV, attribute: k.MOUNT_ATTR_NODEV },
  noexec: { mount: k.MS_NOEXEC, attribute: k.MOUNT_ATTR_NOEXEC },
  noatime: { mount: k.MS_NOATIME, attribute: k.MOUNT_ATTR_NOATIME },
  strictatime: { mount: k.MS_STRICTATIME, attribute: k.MOUNT_ATTR_STRICTATIME },
  relatime: { mount: k.MS_RELATIME, attribute: 0 },
};

const propagationFlags: Readonly<Record<string, number>> = {
  private: k.MS_PRIVATE,
  rprivate: k.MS_PRIVATE | k.MS_REC,
  slave: k.MS_SLAVE,
  rslave: k.MS_SLAVE | k.MS_REC,
  shared: k.MS_SHARED,
  rshared: k.MS_SHARED | k.MS_REC,
};

/** Words that choose the kind of bind and are not data of a file system; rw is the default. */
const bindWords = new Set(['bind', 'rbind', 'optional', 'rw']);

const bindRecursive = 1;
const bindCreateTarget = 2;
const bindOptional = 4;

export const mountOperation = (mount: MountConfig): PlanOperation => {
  const words = mount.options.filter((option) => option in optionFlags);
  if (mount.type === 'bind') {
    return {
      op: 'mount_bind',
      source: mount.source,
      target: mount.destination,
      attrs: BigInt(words.reduce((flags, word) => flags | (optionFlags[word]?.attribute ?? 0), 0)),
      flags:
        bindCreateTarget |
        (mount.options.includes('rbind') ? bindRecursive : 0) |
        (mount.options.includes('optional') ? bindOptional : 0),
      propagation: BigInt(mount.options.reduce((flags, word) => flags | (propagationFlags[word] ?? 0), 0)),
    };
  }
  const data = mount.options.filter(
    (option) => !(option in optionFlags) && !(option in propagationFlags) && !bindWords.has(option),
  );
  return {
    op: 'mount_fs',
    fstype: mount.type,
    source: mount.source,
    target: mount.destination,
    flags: BigInt(words.reduce((flags, word) => flags | (optionFlags[word]?.mount ?? 0), 0)),
    data: data.length === 0 ? undefined : data.join(','),
    create: 1,
  };
};
