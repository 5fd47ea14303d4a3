// SPDX-License-Identifier: Apache-2.0
// How the client gets to a registry: certificates, plain http where it is allowed and where not, no answer at all.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseReference, type Reference } from '../../lib/image/reference.js';
import type { RegistryAccess } from '../../lib/registry/open.js';
import { pullImage, type PulledImage } from '../../lib/registry/pull.js';
import { pushImage } from '../../lib/registry/push.js';
import { replaceUserFile } from '../../lib/store/user-file.js';
import {
  describeWithRegistry,
  startRegistry,
  temporaryDirectory,
  testPassword,
  testUser,
} from './support/counterparts.js';
import { startFaultProxy } from './support/fault-proxy.js';
import { startTunnel } from './support/tunnel.js';
import { makeImage, memorySink, openTestAccess, type TestImage } from './support/image.js';

/** Not loopback, where other rules hold; a machine without any network has none. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((item) => item?.family === 'IPv4' && !item.internal)?.address;

const platform = { os: 'linux', architecture: 'amd64' };

describeWithRegistry('connections', () => {
  let home: string;
  let image: TestImage;
  const replaceFile = replaceUserFile;
  const open = (env: Readonly<Record<string, string | undefined>> = {}): Promise<RegistryAccess> =>
    openTestAccess({ home, replaceFile, env });
  const inline = (name: string, password = testPassword): Record<string, string> => ({
    DOCKER_AUTH_CONFIG: JSON.stringify({
      auths: { [name]: { auth: Buffer.from(`${testUser}:${password}`).toString('base64') } },
    }),
  });
  const at = (name: string): Reference => parseReference(`${name}/app:1`);
  const push = (access: RegistryAccess, name: string): Promise<string> =>
    pushImage({ access, reference: at(name), root: image.root, source: image });
  const pull = (access: RegistryAccess, name: string): Promise<PulledImage> =>
    pullImage({ access, reference: at(name), platform, sink: memorySink() });

  beforeAll(() => {
    image = makeImage({ layerBytes: [100_000, 200_000, 300_000] });
  });
  beforeEach(() => {
    home = temporaryDirectory();
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  describe('TLS', () => {
    /** A certificate authority and a certificate of 127.0.0.1 by it. */
    const makeCertificates = (): { authority: string; certificate: string; key: string } => {
      const file = (name: string): string => join(home, name);
      const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
      openssl(
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=test authority',
        '-keyout',
        file('ca.key'),
        '-out',
        file('ca.crt'),
      );
      openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=registry',
        '-keyout',
        file('r.key'),
        '-out',
        file('r.csr'),
      );
      writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1\n');
      openssl(
        'x509',
        '-req',
        '-in',
        file('r.csr'),
        '-CA',
        file('ca.crt'),
        '-CAkey',
        file('ca.key'),
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        file('ext'),
        '-out',
        file('r.crt'),
      );
      return { authority: file('ca.crt'), certificate: file('r.crt'), key: file('r.key') };
    };

    test('an unknown authority is refused with the place for its certificate, and trusted from there', async () => {
      const tls = makeCertificates();
      await using registry = await startRegistry({ tls, htpasswd: true });
      await using access = await open(inline(registry.name));
      await expect(pull(access, registry.name)).rejects.toMatchObject({
        code: 'ERR_REGISTRY_TLS',
        message: expect.stringMatching(/app: fetching the manifest of 1: .*unknown authority/),
        hint: expect.stringContaining(`certs.d/${registry.name}/ca.crt`),
      });
      replaceFile(
        join(home, '.config/containers/certs.d', registry.name, 'ca.crt'),
        readFileSync(tls.authority, 'utf8'),
      );
      await using trusting = await open(inline(registry.name));
      await push(trusting, registry.name);
      await pull(trusting, registry.name);
    });

    test('insecure-registries turns the check off', async () => {
      await using registry = await startRegistry({ tls: makeCertificates() });
      await using access = await openTestAccess({ home, own: { insecureRegistries: ['127.0.0.0/8'] } });
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
    await using insecure = await openTestAccess({ home, own: { insecureRegistries: [proxy.name] } });
    await expect(pull(insecure, proxy.name)).rejects.toMatchObject({ code: 'ERR_REGISTRY_NOT_FOUND' });
  });

  test('a proxy is used for what is not on loopback, with its password', async () => {
    await using registry = await startRegistry();
    if (address === undefined) return;
    await using target = await startFaultProxy(registry.port, address);
    await using tunnel = await startTunnel();
    const env = { HTTP_PROXY: `http://me:p%40ss@${tunnel.name}`, HTTPS_PROXY: `http://me:p%40ss@${tunnel.name}` };
    const own = { insecureRegistries: [target.name] };
    await using access = await openTestAccess({ home, env, own });
    await push(access, target.name);
    await pull(access, target.name);
    expect(new Set(tunnel.targets)).toEqual(new Set([target.name]));
    expect(new Set(tunnel.authorizations)).toEqual(new Set([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]));
    const before = tunnel.targets.length;
    await using direct = await openTestAccess({ home, env: { ...env, NO_PROXY: address }, own });
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
