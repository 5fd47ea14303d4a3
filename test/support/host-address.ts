// SPDX-License-Identifier: Apache-2.0
import { networkInterfaces } from 'node:os';

/** An IPv4 address of this machine towards others; undefined when it has none. */
export const hostAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.internal === false && address.family === 'IPv4')?.address;
