// SPDX-License-Identifier: Apache-2.0
// Who gets in: passwords and tokens, right and wrong, against a real registry.

import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { login } from '../../lib/registry/login.js';
import { replaceUserFile } from '../../lib/store/user-file.js';
import { describeWithRegistry, skopeo, startRegistry, testPassword, testUser } from './support/counterparts.js';
import { startFaultProxy } from './support/fault-proxy.js';
import { basicAuth, inline, useFixture } from './support/fixture.js';
import { startTokenServer } from './support/token-server.js';

describeWithRegistry('authorization', () => {
  const fixture = useFixture();
  const { open, push, pull } = fixture;

  test('a password kept by login lets push and pull in; logout takes it away; skopeo reads the same file', async () => {
    await using registry = await startRegistry({ htpasswd: true });
    await using access = await open();
    const { keptIn } = await login({ access, registry: registry.name, username: testUser, password: testPassword });
    expect(keptIn).toBe(join(fixture.home, '.docker/config.json'));
    expect(statSync(keptIn).mode & 0o777).toBe(0o600);
    await push(access, registry.name);
    await pull(access, registry.name);
    skopeo('inspect', '--tls-verify=false', '--authfile', keptIn, `docker://${registry.name}/app:1`);
    expect(await access.credentials.remove(registry.name)).toEqual([keptIn]);
    await using after = await open();
    await expect(pull(after, registry.name)).rejects.toMatchObject({
      code: 'ERR_REGISTRY_UNAUTHORIZED',
      hint: expect.stringContaining(`sampan login ${registry.name}`),
    });
  });

  test('a wrong password is not kept and appears nowhere', async () => {
    await using registry = await startRegistry({ htpasswd: true });
    await using access = await open();
    const error: unknown = await login({
      access,
      registry: registry.name,
      username: testUser,
      password: 'wr0ng-secret',
    }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ERR_REGISTRY_LOGIN', message: expect.stringContaining(registry.name) });
    expect(JSON.stringify([String(error), error, (error as Error).stack])).not.toMatch(/wr0ng|d3IwbmctX/);
    expect(() => readFileSync(join(fixture.home, '.docker/config.json'))).toThrow();
  });

  test('a credential helper is asked, and only when the registry asks', async () => {
    await using registry = await startRegistry({ htpasswd: true });
    const helper = join(fixture.home, 'docker-credential-test');
    const secret = JSON.stringify({ ServerURL: registry.name, Username: testUser, Secret: testPassword });
    writeFileSync(
      helper,
      `#!/bin/sh\nread server\necho "$1 $server" >> ${fixture.home}/asked\n[ "$1" = get ] || exit 0\ncat <<X\n${secret}\nX\n`,
    );
    chmodSync(helper, 0o755);
    replaceUserFile(
      join(fixture.home, '.docker/config.json'),
      JSON.stringify({ credHelpers: { [registry.name]: 'test' } }),
    );
    await using access = await open({ env: { PATH: `${fixture.home}:/usr/bin:/bin` } });
    await push(access, registry.name);
    expect(readFileSync(join(fixture.home, 'asked'), 'utf8')).toBe(`get ${registry.name}\n`);
    await using without = await open({ env: { PATH: '/usr/bin:/bin' } });
    await expect(pull(without, registry.name)).rejects.toMatchObject({
      code: 'ERR_CREDENTIAL_HELPER',
      message: expect.stringContaining('docker-credential-test'),
    });
  });

  test('tokens: one for all layers, fetched again when it runs out, refused when the password is wrong', async () => {
    await using tokens = await startTokenServer(fixture.home);
    await using registry = await startRegistry({ token: tokens });
    await using access = await open({ env: inline(registry.name) });
    await push(access, registry.name);
    expect(new Set(tokens.seen.map(({ scopes }) => scopes.join(' ')))).toEqual(
      new Set(['repository:app:pull', 'repository:app:pull,push']),
    );
    expect(tokens.seen).toHaveLength(2);

    tokens.seen.length = 0;
    await using anonymous = await open();
    await pull(anonymous, registry.name);
    expect(tokens.seen).toHaveLength(1);
    expect(tokens.seen[0]?.authorization).toBeUndefined();
    await expect(push(anonymous, registry.name)).rejects.toMatchObject({ code: 'ERR_REGISTRY_UNAUTHORIZED' });

    await using wrong = await open({ env: inline(registry.name, 'wr0ng-secret') });
    await expect(pull(wrong, registry.name)).rejects.toMatchObject({
      code: 'ERR_REGISTRY_UNAUTHORIZED',
      message: expect.stringContaining('wrong user name'),
    });
  });

  test('a token that the registry calls expired is replaced once; a token server that stumbles is asked again', async () => {
    await using tokens = await startTokenServer(fixture.home);
    await using registry = await startRegistry({ token: tokens });
    await using access = await open({ env: inline(registry.name) });
    // docker-registry allows a minute of leeway
    tokens.lifeSeconds = -120;
    const first = pull(access, registry.name);
    await expect(first).rejects.toMatchObject({ code: 'ERR_REGISTRY_UNAUTHORIZED' });
    expect(tokens.seen.length).toBeLessThanOrEqual(3);
    tokens.lifeSeconds = 300;
    tokens.failNext = 503;
    await push(access, registry.name);
    await pull(access, registry.name);
  });

  test('a token is fetched anew before its announced end, and after a 401 that comes earlier', async () => {
    await using tokens = await startTokenServer(fixture.home);
    await using registry = await startRegistry({ token: tokens });
    await using access = await open({ env: inline(registry.name) });
    await push(access, registry.name);
    const fetchedBy = async (work: () => Promise<unknown>): Promise<number> => {
      tokens.seen.length = 0;
      await work();
      return tokens.seen.length;
    };
    await using short = await open({ env: inline(registry.name) });
    tokens.announcedSeconds = 4;
    expect(await fetchedBy(() => pull(short, registry.name))).toBe(1);
    await sleep(4100);
    expect(await fetchedBy(() => pull(short, registry.name))).toBe(1);
    // said to live long, but docker-registry's leeway of 60 s ends in 5 s
    tokens.announcedSeconds = 300;
    tokens.lifeSeconds = -55;
    await using lied = await open({ env: inline(registry.name) });
    expect(await fetchedBy(() => pull(lied, registry.name))).toBe(1);
    await sleep(5500);
    tokens.lifeSeconds = 300;
    expect(await fetchedBy(() => pull(lied, registry.name))).toBe(1);
    expect(await fetchedBy(() => pull(lied, registry.name))).toBe(0);
  });

  test('a redirect to another host does not take the secret along', async () => {
    await using registry = await startRegistry({ htpasswd: true });
    await using storage = await startRegistry();
    await using proxy = await startFaultProxy(registry.port);
    await using cdn = await startFaultProxy(storage.port);
    await using access = await open({ env: inline(proxy.name) });
    await push(access, proxy.name);
    await push(access, storage.name);
    proxy.decide = ({ method, url }) =>
      method === 'GET' && url.includes('/blobs/')
        ? { status: 307, headers: { location: `http://${cdn.name}${url}` } }
        : undefined;
    await pull(access, proxy.name);
    expect(cdn.seen.length).toBeGreaterThan(3);
    expect(cdn.seen.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
    expect(proxy.seen.some(({ headers }) => headers['authorization'] !== undefined)).toBe(true);
  });

  test('login keeps an identity token where there is one, and uses it', async () => {
    await using tokens = await startTokenServer(fixture.home);
    tokens.refreshToken = 'refresh-me';
    await using registry = await startRegistry({ token: tokens });
    await using access = await open();
    const { keptIn } = await login({ access, registry: registry.name, username: testUser, password: testPassword });
    expect(readFileSync(keptIn, 'utf8')).toContain('"identitytoken": "refresh-me"');
    expect(readFileSync(keptIn, 'utf8')).not.toContain(basicAuth());
    tokens.seen.length = 0;
    await push(access, registry.name);
    expect(
      tokens.seen.every(({ method, form }) => method === 'POST' && form.get('grant_type') === 'refresh_token'),
    ).toBe(true);
  });

  test('a realm that is not trustworthy gets no secret', async () => {
    await using registry = await startRegistry();
    await using proxy = await startFaultProxy(registry.port);
    await using access = await open({ env: inline(proxy.name) });
    for (const realm of [
      'ftp://127.0.0.1/token',
      'http://169.254.169.254/token',
      'http://user:pass@127.0.0.1/token',
      'nonsense',
    ]) {
      proxy.decide = () => ({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="x"` } });
      await expect(pull(access, proxy.name)).rejects.toMatchObject({
        code: 'ERR_REGISTRY_ANSWER',
        message: expect.stringContaining('realm'),
      });
    }
  });

  test('what a registry says in an error does not bring a secret back', async () => {
    await using registry = await startRegistry({ htpasswd: true });
    await using proxy = await startFaultProxy(registry.port);
    await using access = await open({ env: inline(proxy.name) });
    proxy.decide = ({ headers }) =>
      headers['authorization'] === undefined
        ? undefined
        : { status: 403, body: JSON.stringify({ errors: [{ message: `no: ${String(headers['authorization'])}` }] }) };
    const error: unknown = await pull(access, proxy.name).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'ERR_REGISTRY_DENIED', message: expect.stringContaining('Basic ***') });
  });
});
