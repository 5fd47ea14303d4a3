// SPDX-License-Identifier: Apache-2.0
// Hosts that lack something: the same tour everywhere, and what is lacking is said.

import { requires } from '../support/requires.js';
import { program } from '../support/paths.js';
import { denying, on, tour, tourSeen } from '../support/tour.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'unshare');
const withSubIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'unshare', 'subids');

const openat2 = 437;
const mountSetattr = 442;
const inNamespace = ['unshare', '--user', '--mount', '--map-root-user'];

const hosts = [
  ['with no_new_privs, so without newuidmap', container, denying(), 'single', 'no_new_privs'],
  [
    'without openat2 and mount_setattr, as before Linux 5.12',
    container,
    denying(openat2, mountSetattr),
    'single',
    'no_new_privs',
  ],
  ['that is a user namespace with one id', container, inNamespace, 'single', 'one user id'],
  ['that is a user namespace with many ids', withSubIds, [...inNamespace, '--map-auto'], 'nested', undefined],
] as const;

for (const [host, needs, wrapper, ids, warning] of hosts) {
  needs.test(
    `containers work on a host ${host}`,
    async () => {
      const result = await tour(wrapper);
      expect(result).toMatchObject({ exitCode: 0, stdout: [...tourSeen, ids, ''].join('\n') });
      if (warning === undefined) expect(result.stderr).not.toContain('warning');
      else expect(result.stderr).toContain(warning);
    },
    120_000,
  );
}

container.test('system check tells how to get more ids', async () => {
  const { stdout } = await on(denying(), [program, 'system', 'check']);
  expect(stdout).toMatch(/subids.*no_new_privs[^]*NoNewPrivileges=no/);
});

withSubIds.test('the image host works where something is mounted below /etc, as in containers of others', async () => {
  const script = `mount --bind /etc/hosts /etc/hosts || exit 99
    exec "$1" run --rm --network none host sh -c 'grep -c . /etc/hosts; touch /usr/made; touch /etc/made'`;
  const result = await on([...inNamespace, '--map-auto'], ['sh', '-c', script, 'sh', program]);
  expect(result).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^[1-9]\d*\n$/) as unknown });
  expect(result.stderr).toMatch(/warning: read-only in this container.*: \/etc\n/);
  expect(result.stderr).toMatch(/touch: .*\/etc\/made.*Read-only file system/);
  expect(result.stderr).not.toContain('/usr/made');
});

describe('a host that cannot give networks says so, and is told the way out', () => {
  const lacking = [
    ['without /dev/net/tun', 'mount -t tmpfs none /dev/net', '/dev/net/tun'],
    ['where it is for root alone', 'mount --bind /etc/shadow /dev/net/tun', '/dev/net/tun'],
    ['whose limit of network namespaces is reached', 'echo 0 >/proc/sys/user/max_net_namespaces', 'max_net_namespaces'],
  ] as const;
  for (const [host, change, text] of lacking) {
    withSubIds.test(host, async () => {
      const script = `${change} || exit 99
        for network in '' --network=bridge; do "$1" run --rm $network host echo ran; echo $?; done
        "$1" run --rm --network host host echo host; "$1" ps -aq`;
      const result = await on([...inNamespace, '--map-auto'], ['sh', '-c', script, 'sh', program]);
      expect(result.stdout).toBe('125\n125\nhost\n');
      expect(result.stderr).toContain(text);
      expect(result.stderr.split('--network host').length).toBe(3);
    });
  }
});

withSubIds.test('a host without IPv6 gives networks of IPv4, and refuses those of IPv6', async () => {
  const script = `"$1" run --rm host ip -6 addr show eth0 scope global; "$1" run --rm host ip -4 route
    "$1" network create --ipv6 six; echo $?; "$1" network create --subnet fd00:77::/64 six; echo $?; "$1" network ls -q | wc -l`;
  // Without interfaces that are up there is none.
  const result = await on([...inNamespace, '--map-auto', '--net'], ['sh', '-c', script, 'sh', program]);
  expect(result.stdout).toMatch(/^default via 10\.88\.0\.1 dev eth0[^]*\n1\n1\n3\n$/);
  expect(result.stderr.split('no IPv6').length).toBe(3);
});
