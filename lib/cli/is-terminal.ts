// SPDX-License-Identifier: Apache-2.0
// Whether a descriptor is a terminal. Files, pipes and /dev/null are told apart without node:tty, which loads all of
// Node's network streams: 2 ms of a start whose output somebody captures.

import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Of /dev/null, /dev/zero and the like (Linux, admin-guide/devices.txt). */
const memoryDevices = 1;

export const isTerminal = (fd: number): boolean => isCharacterDevice(fd) && isatty(fd);

const isCharacterDevice = (fd: number): boolean => {
  try {
    const status = fstatSync(fd);
    return status.isCharacterDevice() && majorOf(status.rdev) !== memoryDevices;
  } catch {
    // closed, or nothing that can be looked at: as isatty() says it
    return false;
  }
};

/** makedev(3): the lower twelve bits of it are what matters here. */
const majorOf = (device: number): number => (device >>> 8) & 0xfff;
