// SPDX-License-Identifier: Apache-2.0
// What the engine itself makes in a container's writable layer when it starts: mount points, and empty files that the
// generated ones are bound over. Neither `diff` nor `commit` is about them; docker keeps them in a layer of their own.

export const engineMade: readonly string[] = [
  '.dockerenv',
  'dev',
  'dev/console',
  'dev/mqueue',
  'dev/pts',
  'dev/shm',
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'proc',
  'sys',
];
