// SPDX-License-Identifier: Apache-2.0
// login and logout as people type them, against a real registry, beside skopeo and podman; and what can be wrong with
// the files and programs that keep secrets. A secret appears nowhere but in the file.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCertificates } from './support/certificates.js';
import { command, environmentOf, startCommand, type CommandOptions, type CommandResult } from './support/command.js';
import {
  describeWithRegistry,
  startRegistry,
  testWith,
  testPassword,
  testUser,
  type RunningRegistry,
} from './support/counterparts.js';
import { startFaultProxy } from './support/fault-proxy.js';
import { basicAuth, useFixture } from './support/fixture.js';
import { startTokenServer } from './support/token-server.js';

describeWithRegistry('sampan login', () => {
  const fixture = useFixture();
  let registry: RunningRegistry;
  const at = (path: string): string => join(fixture.home, path);
  const configPath = (): string => at('.docker/config.json');
  const sampan = (args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> =>
    command(fixture.home, args, options);
  const login = (name = registry.name, options: CommandOptions = {}): Promise<CommandResult> =>
    sampan(['login', '-u', testUser, '--password-stdin', name], { input: testPassword, ...options });
  const writeConfig = (content: unknown, mode = 0o600): void => {
    mkdirSync(dirname(configPath()), { recursive: true, mode: 0o700 });
    writeFileSync(configPath(), typeof content === 'string' ? content : JSON.stringify(content));
    chmodSync(configPath(), mode);
  };
  const readConfig = (): { readonly auths: Readonly<Record<string, unknown>> } =>
    JSON.parse(readFileSync(configPath(), 'utf8')) as never;
  const expectNoSecret = ({ stdout, stderr }: CommandResult): void => {
    for (const secret of [testPassword, basicAuth()]) expect(`${stdout}${stderr}`).not.toContain(secret);
  };
  /** A credential helper of this body, which sees its verb as $1. */
  const writeHelper = (name: string, body: string): CommandOptions => {
    mkdirSync(at('bin'), { recursive: true });
    writeFileSync(at(`bin/docker-credential-${name}`), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return { env: { PATH: `${at('bin')}:${process.env['PATH'] ?? ''}` } };
  };

  beforeAll(async () => {
    registry = await startRegistry({ htpasswd: true });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  describe('keeps the secret where others look for it', () => {
    for (const program of ['skopeo', 'podman'])
      testWith(program)(`${program} uses our login, and we its`, async () => {
        const env = { ...environmentOf(fixture.home), DOCKER_CONFIG: at('.docker') };
        const other = (...args: readonly string[]): string =>
          execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
        expect(await login()).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded' });
        expect(other('login', '--get-login', registry.name).trim()).toBe(testUser);
        expect(other('login', '--tls-verify=false', registry.name)).toContain('credentials are valid');
        expect((await sampan(['logout', registry.name])).stdout).toContain('Removing login credentials');
        expect(() => other('login', '--get-login', registry.name)).toThrow('not logged in');

        const credentials = ['-u', testUser, '-p', testPassword, '--tls-verify=false'];
        const authFile = at('theirs/auth.json');
        mkdirSync(dirname(authFile));
        other('login', ...credentials, '--authfile', authFile, registry.name);
        const theirs = await sampan(['login', registry.name], { env: { REGISTRY_AUTH_FILE: authFile } });
        expect(theirs).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded' });
        other('login', ...credentials, registry.name);
        expect((await sampan(['search', `${registry.name}/`])).exitCode).toBe(0);
      });

    test('REGISTRY_AUTH_FILE names the only file', async () => {
      const file = at('auth/mine.json');
      expect((await login(registry.name, { env: { REGISTRY_AUTH_FILE: file } })).exitCode).toBe(0);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ auths: { [registry.name]: { auth: basicAuth() } } });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(() => readConfig()).toThrow('ENOENT');
    });

    test('what docker has in its file stays', async () => {
      const ours = { HttpHeaders: { 'X-A': 'b' }, auths: { 'r.example': { auth: 'eDp5' } }, psFormat: 'table' };
      writeConfig(ours);
      expect((await login()).exitCode).toBe(0);
      expect(readConfig()).toEqual({ ...ours, auths: { ...ours.auths, [registry.name]: { auth: basicAuth() } } });
    });

    test('a link to the file stays a link', async () => {
      mkdirSync(at('dotfiles'));
      writeFileSync(at('dotfiles/docker.json'), '{}');
      mkdirSync(at('.docker'));
      symlinkSync('../dotfiles/docker.json', configPath());
      expect((await login()).exitCode).toBe(0);
      expect(readlinkSync(configPath())).toBe('../dotfiles/docker.json');
      expect(readFileSync(at('dotfiles/docker.json'), 'utf8')).toContain(basicAuth());
      expect(readdirSync(at('dotfiles'))).toEqual(['docker.json']);
    });

    test('a file that others could read is closed to them, and that is said', async () => {
      writeConfig({}, 0o644);
      expect((await login()).stderr).toContain('was readable by other users');
      expect(statSync(configPath()).mode & 0o777).toBe(0o600);
    });
  });

  describe('what is wrong with the file', () => {
    test.each(['{"auths": ', '[]', '"text"', '\0\0'])('%j is told, not repaired', async (content) => {
      writeConfig(content);
      const result = await login();
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(configPath()) });
      expect(result.stderr).toContain('hint: repair');
      expect(readFileSync(configPath(), 'utf8')).toBe(content);
    });

    test('a damaged secret is told without quoting it', async () => {
      writeConfig({ auths: { [registry.name]: { auth: 'c2VjcmV0IHdpdGhvdXQgY29sb24=' } } });
      const result = await sampan(['search', `${registry.name}/`]);
      expect(result.stderr).toContain(`the entry of ${registry.name} has an auth that is not base64 of user:password`);
      expect(result.stderr).not.toMatch(/c2Vjcm|without colon/);
    });

    test('a directory or a loop of links in its place', async () => {
      mkdirSync(configPath(), { recursive: true });
      expect((await login()).stderr).toContain(`${configPath()} cannot be read`);
      mkdirSync(at('loop'));
      symlinkSync('auth.json', at('loop/auth.json'));
      const looped = await login(registry.name, { env: { REGISTRY_AUTH_FILE: at('loop/auth.json') } });
      expect(looped).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cannot be') });
    });

    test('a place that cannot be written', async () => {
      const result = await login(registry.name, { env: { REGISTRY_AUTH_FILE: '/proc/none/auth.json' } });
      expect(result).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('/proc/none/auth.json cannot be written'),
      });
      expectNoSecret(result);
    });
  });

  describe('what is wrong with the registry', () => {
    test('a wrong password is refused, kept nowhere and shown nowhere, not even for debugging', async () => {
      const result = await sampan(['--debug', 'login', '-u', testUser, '-p', 'wr0ng-secret', registry.name]);
      expect(result).toMatchObject({ exitCode: 1, stdout: '' });
      expect(result.stderr).toContain(`login refused: ${registry.name}: wrong user name, password or token`);
      expect(result.stderr).not.toMatch(/wr0ng|d3IwbmctX/);
      expect(() => readConfig()).toThrow('ENOENT');
    });

    test('debug lines of a login that works have no secret either', async () => {
      const result = await sampan(['-D', 'login', '-u', testUser, '--password-stdin', registry.name], {
        input: testPassword,
      });
      expect(result.stderr).toContain('"url"');
      expectNoSecret(result);
    });

    test('an unknown host, and nobody there', async () => {
      expect((await login('no-such-host.invalid')).stderr).toMatch(/no-such-host\.invalid: .*no such host/);
      expect((await login('127.0.0.1:9')).stderr).toMatch(/127\.0\.0\.1:9: .*connection refused/);
    });

    test('a certificate of an unknown authority: the hint makes it known', async () => {
      await using secure = await startRegistry({ tls: makeCertificates(fixture.home), htpasswd: true });
      const refused = await login(secure.name);
      const path = `.config/containers/certs.d/${secure.name}/ca.crt`;
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`certificate into ~/${path}`) });
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), readFileSync(at('ca.crt')));
      expect((await login(secure.name)).exitCode).toBe(0);
    });

    test('https is used where it answers, http on loopback alone where it does not', async () => {
      await using secure = await startRegistry({ tls: makeCertificates(fixture.home) });
      await using plain = await startFaultProxy(registry.port);
      // the scheme in the name chooses nothing
      expect((await login(`http://${secure.name}`)).stderr).toContain('no trusted connection');
      expect((await login(`https://${plain.name}`)).exitCode).toBe(0);
    });

    test('a token server that refuses, and one whose tokens have run out', async () => {
      await using tokens = await startTokenServer(fixture.home);
      await using guarded = await startRegistry({ token: tokens });
      const wrong = await sampan(['login', '-u', testUser, '-p', 'wr0ng-secret', guarded.name]);
      expect(wrong.stderr).toContain('login refused');
      tokens.lifeSeconds = -120;
      const expired = await login(guarded.name);
      expect(expired.exitCode).toBe(1);
      expectNoSecret(expired);
      tokens.lifeSeconds = 300;
      expect((await login(guarded.name)).exitCode).toBe(0);
    });
  });

  describe('a credential helper', () => {
    test('keeps the secret instead of the file, is given it on stdin, and forgets it', async () => {
      writeConfig({ credsStore: 'test' });
      const log = at('helper.log');
      const keep = `echo "$1 $*" >> ${log}; case $1 in store) cat > ${at('kept')};; get) cat ${at('kept')} 2>/dev/null || { echo credentials not found; exit 1; };; erase) rm ${at('kept')};; esac`;
      const options = writeHelper('test', keep);
      const result = await login(registry.name, options);
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      expect(readConfig()).toEqual({ credsStore: 'test', auths: { [registry.name]: {} } });
      expect(JSON.parse(readFileSync(at('kept'), 'utf8'))).toMatchObject({ Username: testUser, Secret: testPassword });
      expect((await sampan(['search', `${registry.name}/`], options)).exitCode).toBe(0);
      expect((await sampan(['logout', registry.name], options)).exitCode).toBe(0);
      expect(readdirSync(fixture.home)).not.toContain('kept');
      expect(readFileSync(log, 'utf8')).not.toContain(testPassword);
    });

    test.each([
      ['fails', 'echo "no key ring" ; exit 1', /docker-credential-bad .* failed with exit code 1/],
      ['prints garbage', 'echo "<html>"', /docker-credential-bad get: the answer is not JSON/],
      ['answers something else', 'echo "{}"', /has no Username and Secret/],
    ])('that %s is named', async (_what, body, message) => {
      writeConfig({ credHelpers: { [registry.name]: 'bad' } });
      const result = await sampan(['search', `${registry.name}/`], writeHelper('bad', body));
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(message) });
    });

    test('that fails at storing does not repeat the secret', async () => {
      writeConfig({ credsStore: 'bad' });
      const result = await login(registry.name, writeHelper('bad', 'cat; exit 3'));
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('store failed with exit code 3') });
      expectNoSecret(result);
    });

    test('that is not installed is named, with what to do', async () => {
      writeConfig({ credsStore: 'absent' });
      expect((await login()).stderr).toMatch(/docker-credential-absent cannot be run[^]*hint: install it/);
    });
  });

  test('logins at once lose nothing', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `127.0.0.${String(index + 1)}:${String(registry.port)}`);
    const proxies = await Promise.all(names.map(() => startFaultProxy(registry.port)));
    try {
      // each with a data root of its own: the lock is not in there
      const results = await Promise.all(
        proxies.map(({ name }, index) => login(name, { env: { XDG_DATA_HOME: at(`data-${String(index)}`) } })),
      );
      expect(results.map(({ exitCode }) => exitCode)).toEqual(proxies.map(() => 0));
      expect(Object.keys(readConfig().auths).sort()).toEqual(proxies.map(({ name }) => name).sort());
    } finally {
      for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
    }
  });

  test('a login that is killed leaves the old file or the new one, and the next removes what it left', async () => {
    writeConfig({ auths: { 'r.example': { auth: 'eDp5' } } });
    for (let round = 0; round < 12; round++) {
      const child = startCommand(fixture.home, ['login', '-u', testUser, '--password-stdin', registry.name], {
        input: testPassword,
      });
      await sleep(60 + round * 25);
      child.kill('SIGKILL');
      await child;
      expect(readConfig().auths).toHaveProperty(['r.example']);
    }
    writeFileSync(at('.docker/.config.json.0123456789ab.tmp'), basicAuth());
    writeFileSync(at('.docker/config.json.lock'), '');
    expect((await login()).exitCode).toBe(0);
    expect(readdirSync(at('.docker'))).toEqual(['config.json']);
  }, 60_000);
});
