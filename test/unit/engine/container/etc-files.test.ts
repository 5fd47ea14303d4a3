// SPDX-License-Identifier: Apache-2.0
import { buildEtcFiles } from '../../../../lib/engine/container/etc-files.js';
import type { CreateRequest } from '../../../../lib/spec/create-request.js';
import type { NetworkKind } from '../../../../lib/spec/network-mode.js';
import { plainRequest } from '../../../support/request.js';

const build = (request: Partial<CreateRequest>, network: NetworkKind = 'none', hostname = 'box') =>
  buildEtcFiles({
    request: { ...plainRequest, ...request },
    network,
    hostname,
    hostHosts: '127.0.0.1 thehost',
    hostResolvConf: '# by a tool\nnameserver 192.0.2.1\nsearch example.org\noptions ndots:1\n',
  });

test('hosts knows localhost, the container and what was added', () => {
  const { hosts } = build({
    addedHosts: [
      { name: 'db', address: '192.0.2.7' },
      { name: 'six', address: '2001:db8::1' },
    ],
  });
  expect(hosts).toContain('127.0.0.1\tlocalhost\n');
  expect(hosts).toContain('127.0.0.1\tbox\n192.0.2.7\tdb\n2001:db8::1\tsix\n');
});

test.each([
  [{ hostname: 'box' }, 'box'],
  [{ hostname: 'box.example.test' }, 'box.example.test box'],
  [{ hostname: 'box', domainname: 'example.test' }, 'box.example.test box'],
])('%j is called %s in hosts', ({ hostname, ...request }, names) => {
  expect(build(request, 'none', hostname).hosts).toContain(`127.0.0.1\t${names}\n`);
});

test('with the host network the host’s own names stay', () => {
  expect(build({ addedHosts: [{ name: 'me', address: 'host-gateway' }] }, 'host').hosts).toBe(
    '127.0.0.1 thehost\n127.0.0.1\tme\n',
  );
});

test.each([['host-gateway'], ['nonsense'], ['1.2.3']])('refuses the address %s', (address) => {
  expect(() => build({ addedHosts: [{ name: 'x', address }] })).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_VALUE' }),
  );
});

test('resolv.conf is the host’s with the named parts replaced', () => {
  expect(build({})['resolv.conf']).toBe('# by a tool\nnameserver 192.0.2.1\nsearch example.org\noptions ndots:1\n');
  expect(build({ dns: ['192.0.2.9'], dnsSearch: ['.'], dnsOptions: ['edns0'] })['resolv.conf']).toBe(
    'nameserver 192.0.2.9\noptions edns0\n# by a tool\n',
  );
});

test('names of containers are asked for before the search domains, unless somebody has said otherwise', () => {
  const endpoints = { addresses: ['10.88.0.2'], nameservers: ['10.88.0.1'], hostGateway: '192.0.2.2' };
  const resolvConf = (hostResolvConf: string, dnsOptions: readonly string[] = []): string =>
    buildEtcFiles({
      request: { ...plainRequest, dnsOptions },
      network: 'bridge',
      endpoints,
      hostname: 'box',
      hostHosts: '',
      hostResolvConf,
    })['resolv.conf'];
  expect(resolvConf('nameserver 192.0.2.1\nsearch example.org\n')).toBe(
    'nameserver 10.88.0.1\nsearch example.org\noptions ndots:0\n',
  );
  expect(resolvConf('options edns0 ndots:2\n')).toBe('nameserver 10.88.0.1\noptions edns0 ndots:2\n');
  expect(resolvConf('', ['ndots:1'])).toBe('nameserver 10.88.0.1\noptions ndots:1\n');
});

test('a resolver behind one interface is for the host network only', () => {
  const dns = ['fe80::1%eth0'];
  expect(build({ dns }, 'host')['resolv.conf']).toContain('nameserver fe80::1%eth0\n');
  expect(() => build({ dns }, 'bridge')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});

test('refuses a resolver that is no address', () => {
  expect(() => build({ dns: ['dns.example'] })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});
