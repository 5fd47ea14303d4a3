// SPDX-License-Identifier: Apache-2.0
// The process that reads packets may make the system calls that have a row in its list. Sources of the packet path name
// theirs in `#syscalls:` comments; one without a row would fail only where it is made.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../support/paths.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** What the agent opens on behalf of the process that reads packets. */
const done = new Map([
  ['tun.cc', ['openat', 'ioctl']],
  ['dns_resolvers.cc', ['openat', 'newfstatat', 'read']],
]);

const rowsOf = (table: string): ReadonlySet<string> => {
  const source = read('addon/helper/netd_filters.cc');
  const start = source.indexOf(`${table}[] = {`);
  const rows = source.slice(start, source.indexOf('\n};', start));
  return new Set([...rows.matchAll(/allow\(SYS_(\w+)/g)].map(([, name]) => name ?? ''));
};

const named = (file: string): readonly string[] =>
  [...read(`addon/net/${file}`).matchAll(/#syscalls: (.*)/g)].flatMap(([, names = '']) => names.trim().split(' '));

test('every system call that the packet path names is in the list of the process that makes it', () => {
  const allowed = new Set([...rowsOf('kPacketRules'), ...rowsOf('kCommonRules')]);
  const missing = readdirSync(join(repository, 'addon/net')).flatMap((file) =>
    named(file)
      .filter((name) => !allowed.has(name) && done.get(file)?.includes(name) !== true)
      .map((name) => `${file}: ${name}`),
  );
  expect(allowed.size).toBeGreaterThan(40);
  expect(missing).toEqual([]);
});
