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
