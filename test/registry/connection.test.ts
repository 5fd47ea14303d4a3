// SPDX-License-Identifier: Apache-2.0
// How the client gets to a registry: certificates, plain http where it is allowed and where not, no answer at all.

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { replaceUserFile } from '../../lib/store/user-file.js';
import { makeCertificates } from './support/certificates.js';
import { describeWithRegistry, startRegistry } from './support/counterparts.js';
import { startFaultProxy } from './support/fault-proxy.js';
import { inline, useFixture } from './support/fixture.js';
import { startTunnel } from './support/tunnel.js';

/** Not loopback, where other rules hold; a machine without any network has none. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((item) => item?.family === 'IPv4' && !item.internal)?.address;

describeWithRegistry('connections', () => {
  const fixture = useFixture();
  const { open, push, pull } = fixture;

  describe('TLS', () => {
    test('an unknown authority is refused with the place for its certificate, and trusted from there', async () => {
      const tls = makeCertificates(fixture.home);
      await using registry = await startRegistry({ tls, htpasswd: true });
      await using access = await open({ env: inline(registry.name) });
      await expect(pull(access, registry.name)).rejects.toMatchObject({
        code: 'ERR_REGISTRY_TLS',
        message: expect.stringMatching(/app: fetching the manifest of 1: .*unknown authority/),
        hint: expect.stringContaining(`certs.d/${registry.name}/ca.crt`),
      });
      replaceUserFile(
        join(fixture.home, '.config/containers/certs.d', registry.name, 'ca.crt'),
        readFileSync(tls.authority, 'utf8'),
      );
      await using trusting = await open({ env: inline(registry.name) });
      await push(trusting, registry.name);
      await pull(trusting, registry.name);
    });

    test('insecure-registries turns the check off', async () => {
      await using registry = await startRegistry({ tls: makeCertificates(fixture.home) });
      await using access = await open({ own: { insecureRegistries: ['127.0.0.0/8'] } });
      await push(access, registry.name);
      await pull(access, registry.name);
    });
  });

  test('a registry that speaks http where https is wanted gets no request in plain text', async () => {
    await using registry = await startRegistry();
    if (address === undefined) return;
    await using proxy = await startFaultProxy(registry.port, address);
    await using access = await open();
    await expect(pull(access, proxy.name)).rejects.toMatchObject({
      code: 'ERR_REGISTRY_TLS',
      message: expect.stringContaining(
        `${proxy.name}/app: fetching the manifest of 1: the registry speaks http, not https`,
      ),
      hint: expect.stringContaining('insecure-registries'),
    });
    expect(proxy.seen).toHaveLength(0);
    await using insecure = await open({ own: { insecureRegistries: [proxy.name] } });
    await expect(pull(insecure, proxy.name)).rejects.toMatchObject({ code: 'ERR_REGISTRY_NOT_FOUND' });
  });

  test('a proxy is used for what is not on loopback, with its password', async () => {
    await using registry = await startRegistry();
    if (address === undefined) return;
    await using target = await startFaultProxy(registry.port, address);
    await using tunnel = await startTunnel();
    const env = { HTTP_PROXY: `http://me:p%40ss@${tunnel.name}`, HTTPS_PROXY: `http://me:p%40ss@${tunnel.name}` };
    const own = { insecureRegistries: [target.name] };
    await using access = await open({ env, own });
    await push(access, target.name);
    await pull(access, target.name);
    expect(new Set(tunnel.targets)).toEqual(new Set([target.name]));
    expect(new Set(tunnel.authorizations)).toEqual(new Set([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]));
    const before = tunnel.targets.length;
    await using direct = await open({ env: { ...env, NO_PROXY: address }, own });
    await pull(direct, target.name);
    expect(tunnel.targets).toHaveLength(before);
  });

  test('a registry that is not there, and a host that is unknown', async () => {
    await using access = await open();
    await expect(pull(access, '127.0.0.1:9')).rejects.toMatchObject({
      message: expect.stringContaining('127.0.0.1:9/app: fetching the manifest of 1: connection refused'),
    });
    const unknown = pull(access, 'no-such-host.invalid');
    await expect(unknown).rejects.toMatchObject({
      code: 'ERR_REGISTRY_UNREACHABLE',
      message: expect.stringContaining('no-such-host.invalid/app'),
    });
  });
});
