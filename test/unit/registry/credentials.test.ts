// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openCredentialHelper, type CredentialHelper } from '../../../lib/native/credential-helper.js';
import { openCredentialStore, type CredentialStore } from '../../../lib/registry/credentials.js';

const auth = (user: string): string => Buffer.from(`${user}:pw:${user}`).toString('base64');
const password = (username: string) => ({ kind: 'password', username, password: `pw:${username}` });

describe('credentials', () => {
  let home: string;
  const calls: string[] = [];
  const secrets = new Map<string, { username: string; secret: string }>();
  const write = (path: string, content: unknown): void => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const read = (path: string): unknown => JSON.parse(readFileSync(join(home, path), 'utf8'));
  const openHelper = (name: string): CredentialHelper => ({
    get: async (server) => {
      calls.push(`${name} get ${server}`);
      return secrets.get(server);
    },
    store: async (server, secret) => void secrets.set(server, secret),
    erase: async (server) => void secrets.delete(server),
  });
  const open = (env: Readonly<Record<string, string>> = {}): CredentialStore =>
    openCredentialStore({
      env,
      home,
      uid: 1000,
      openHelper,
      lockFile: async () => ({ [Symbol.dispose]: () => undefined }),
      replaceFile: (path, content) => {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      },
    });

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'sampan-cred-'));
    calls.length = 0;
    secrets.clear();
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test('the most specific key wins', async () => {
    write('.docker/config.json', {
      auths: {
        'r.example': { auth: auth('host') },
        'r.example/team': { auth: auth('team') },
        'r.example/team/app': { auth: auth('app') },
      },
    });
    const store = open();
    expect(await store.find('r.example', 'team/app')).toEqual(password('app'));
    expect(await store.find('r.example', 'team/other')).toEqual(password('team'));
    expect(await store.find('r.example', 'teams/x')).toEqual(password('host'));
    expect(await store.find('r.example')).toEqual(password('host'));
    expect(await store.find('r.example:5000')).toBeUndefined();
  });

  test.each(['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'https://registry-1.docker.io/v2/'])(
    '%s is a key of Docker Hub',
    async (key) => {
      write('.docker/config.json', { auths: { [key]: { auth: auth('hub') } } });
      expect(await open().find('docker.io', 'library/debian')).toEqual(password('hub'));
    },
  );

  test('files in order: inline, explicit, runtime, config home, docker', async () => {
    const entry = (user: string): unknown => ({ auths: { 'https://r.example/v1/': { auth: auth(user) } } });
    write('.docker/config.json', entry('docker'));
    expect(await open().find('r.example')).toEqual(password('docker'));
    write('.config/containers/auth.json', entry('config'));
    expect(await open().find('r.example')).toEqual(password('config'));
    write('run/containers/auth.json', entry('runtime'));
    const env = { XDG_RUNTIME_DIR: join(home, 'run') };
    expect(await open(env).find('r.example')).toEqual(password('runtime'));
    write('explicit/config.json', entry('explicit'));
    expect(await open({ ...env, DOCKER_CONFIG: join(home, 'explicit') }).find('r.example')).toEqual(
      password('explicit'),
    );
    write('only.json', entry('only'));
    expect(await open({ ...env, REGISTRY_AUTH_FILE: join(home, 'only.json') }).find('r.example')).toEqual(
      password('only'),
    );
    expect(await open({ ...env, DOCKER_AUTH_CONFIG: JSON.stringify(entry('inline')) }).find('r.example')).toEqual(
      password('inline'),
    );
  });

  test('a helper of the key before the store before the file; an empty helper leaves the file', async () => {
    write('.docker/config.json', {
      credsStore: 'all',
      credHelpers: { 'r.example': 'one' },
      auths: { 'r.example': { auth: auth('file') }, 's.example': { auth: auth('s') } },
    });
    secrets.set('r.example', { username: '<token>', secret: 'identity' });
    expect(await open().find('r.example', 'a/b')).toEqual({ kind: 'identityToken', token: 'identity' });
    expect(await open().find('s.example')).toEqual(password('s'));
    expect(calls).toEqual(['one get r.example', 'all get s.example']);
  });

  test('login keeps what else is in the file, logout removes every spelling', async () => {
    write('.docker/config.json', { auths: { 'https://r.example/v1/': { auth: auth('old') } }, detachKeys: 'ctrl-x' });
    const store = open();
    await store.save('r.example', { kind: 'password', username: 'new', password: 'pw:new' });
    expect(read('.docker/config.json')).toEqual({
      auths: { 'r.example': { auth: auth('new') } },
      detachKeys: 'ctrl-x',
    });
    expect(await store.remove('r.example')).toHaveLength(1);
    expect(read('.docker/config.json')).toEqual({ auths: {}, detachKeys: 'ctrl-x' });
    expect(await store.remove('r.example')).toEqual([]);
  });

  test('login goes to the helper where one is configured, and Docker Hub has its old name there', async () => {
    write('.docker/config.json', { credsStore: 'all' });
    const store = open();
    expect(await store.save('docker.io', { kind: 'identityToken', token: 't' })).toEqual({
      ...{ keptIn: 'docker-credential-all', inPlainText: false, wasReadableByOthers: false },
    });
    expect(secrets.get('https://index.docker.io/v1/')).toEqual({ username: '<token>', secret: 't' });
    expect(read('.docker/config.json')).toEqual({ credsStore: 'all', auths: { 'https://index.docker.io/v1/': {} } });
    expect(await store.remove('docker.io')).toEqual(['docker-credential-all', join(home, '.docker/config.json')]);
    expect(secrets.size).toBe(0);
  });

  test.each([
    ['{"auths": {"r.example": {"auth": "c2VjcmV0"', 'is not JSON'],
    ['[1]', 'is not a JSON object'],
    ['{"auths":{"r.example":{"auth":"c2VjcmV0"}}}', 'not base64 of user:password'],
  ])('a broken file is named, never quoted: %s', async (content, problem) => {
    write('.docker/config.json', content);
    const error: unknown = await open()
      .find('r.example')
      .catch((e: unknown) => e);
    expect(String(error)).toContain(problem);
    expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('c2VjcmV0');
  });

  test('a helper is a name, not a path', () => {
    expect(() => openCredentialHelper('../../bin/sh', {})).toThrow('no name of a helper');
  });
});
