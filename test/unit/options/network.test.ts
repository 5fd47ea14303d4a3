// SPDX-License-Identifier: Apache-2.0
// The options of networks, as docker's users know them.

import { runOptions, toCreateRequest } from '../../../lib/options/create-request.js';
import { scan } from '../../../lib/options/scan.js';
import type { CreateRequest } from '../../../lib/spec/create-request.js';

const request = (...words: readonly string[]): CreateRequest => {
  const { values } = scan([...words, 'image'], { options: runOptions, interspersed: false, command: 'sampan run' });
  const caller = { env: {}, cwd: '/', readTextFile: () => '' };
  return toCreateRequest({ values, image: 'image', command: [], caller, detached: false });
};

test('docker’s other names of an option count like its own', () => {
  expect(request('--dns-option', 'ndots:2', '--dns-opt', 'rotate').dnsOptions).toEqual(['ndots:2', 'rotate']);
  expect(request('--net', 'back', '--net-alias', 'a1', '--network-alias', 'a2').networks).toEqual([
    { name: 'back', aliases: ['a2', 'a1'] },
  ]);
});

test.each(['driver-opt=a=b', 'gw-priority=1', 'link-local-ip=169.254.3.4'])(
  '--network name=back,%s says what is missing',
  (field) => {
    expect(() => request('--network', `name=back,${field}`)).toThrow('not supported yet');
  },
);

describe('what would spoil a file of the container is refused', () => {
  test.each([
    ['--add-host', 'a b:1.1.1.1', 'bad format for add-host'],
    ['--add-host', 'a\n1.1.1.1 b:1.1.1.1', 'bad format for add-host'],
    ['--add-host', '#a:1.1.1.1', 'bad format for add-host'],
    ['--add-host', 'a\u0085b:1.1.1.1', 'bad format for add-host'],
    ['--add-host', 'a:1.1.1.1\n', 'invalid IP address in add-host'],
    ['--add-host', 'a:fe80::1%eth0 b', 'invalid IP address in add-host'],
    ['--network-alias', 'a b', 'not a name that DNS can have'],
    ['--network-alias', 'a\n', 'not a name that DNS can have'],
    ['--network', 'name=n,alias=a b', 'not a name that DNS can have'],
    ['--hostname', 'a b', 'a host name has'],
    ['--hostname', 'a\n', 'a host name has'],
    ['--domainname', 'a\nb', 'a host name has'],
    ['--dns-search', 'a b', 'is not a valid domain'],
    ['--dns-search', 'a\nnameserver 1.1.1.1', 'is not a valid domain'],
    ['--dns-option', 'a\nnameserver 1.1.1.1', '/etc/resolv.conf'],
    ['--dns-opt', '', '/etc/resolv.conf'],
    ['--dns', '1.1.1.1\nsearch x', 'not correctly formatted'],
  ])('%s %j', (option, text, message) => {
    expect(() => request(option, text)).toThrow(message);
  });

  test('names that people use are not', () => {
    expect(request('--add-host', 'my_db.example:1.1.1.1', '--add-host', 'grün=::1').addedHosts).toEqual([
      { name: 'my_db.example', address: '1.1.1.1' },
      { name: 'grün', address: '::1' },
    ]);
    expect(request('--dns-option', 'ndots:2 timeout:3').dnsOptions).toEqual(['ndots:2 timeout:3']);
  });
});
