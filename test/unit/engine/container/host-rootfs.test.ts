// SPDX-License-Identifier: Apache-2.0

import { coveredDirectories } from '../../../../lib/engine/container/host-rootfs.js';

const mount = (point: string): string => `36 35 98:0 / ${point} rw,noatime - ext4 /dev/root rw`;

test('a directory with mounts below it is told from one that is a mount', () => {
  const points = ['/', '/usr', '/etc/hosts', '/etc/resolv.conf', '/opt/data', '/libraries/x', '/proc'];
  expect(coveredDirectories(points.map(mount).join('\n'))).toEqual(['etc', 'opt']);
});

test('nothing below them is the usual machine', () => {
  expect(coveredDirectories(`${['/', '/home', '/etc'].map(mount).join('\n')}\n`)).toEqual([]);
});
