// SPDX-License-Identifier: Apache-2.0
import { sampanError } from '../../../lib/errors/sampan-error.js';
import type { LoginReport, LoginRequest, RegistryService } from '../../../lib/engine/contract.js';
import { sampan, type FakeOptions, type Result } from './fake-host.js';

const kept: LoginReport = { keptIn: '/home/me/.docker/config.json', inPlainText: true, wasReadableByOthers: false };

describe('login', () => {
  let asked: Omit<LoginRequest, 'signal'>[];
  const registries = (changes: Partial<RegistryService> = {}): Partial<RegistryService> => ({
    login: async ({ server, username, password }) => {
      asked.push({ server, username, password });
      return kept;
    },
    loginAgain: async () => undefined,
    ...changes,
  });
  const login = (words: readonly string[], options: FakeOptions = {}): Promise<Result> =>
    sampan(['login', ...words], { registries: registries(), ...options });
  beforeEach(() => {
    asked = [];
  });

  test('takes the password from stdin without its line end', async () => {
    for (const stdin of ['pa ss', 'pa ss\n', 'pa ss\r\n']) {
      const result = await login(['-u', 'me', '--password-stdin', 'r.example'], { stdin });
      expect(result).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded\n' });
    }
    expect(asked).toEqual(Array(3).fill({ server: 'r.example', username: 'me', password: 'pa ss' }));
  });

  test('warns about a password on the command line, and about a secret in plain text', async () => {
    const result = await login(['-u', 'me', '-p', 'secret']);
    expect(asked).toEqual([{ server: '', username: 'me', password: 'secret' }]);
    expect(result.stderr).toContain('Using --password via the CLI is insecure. Use --password-stdin.');
    expect(result.stderr).toContain("stored unencrypted in '/home/me/.docker/config.json'");
    expect(result.stderr).not.toContain('secret');
  });

  test('says nothing of plain text when a helper keeps the secret', async () => {
    const report = { ...kept, keptIn: 'docker-credential-x', inPlainText: false };
    const result = await login(['-u', 'me', '--password-stdin'], {
      stdin: 'x',
      registries: registries({ login: async () => report }),
    });
    expect(result.stderr).toBe('');
  });

  test('tells that the file was open to others, and that a variable comes first', async () => {
    const report = { ...kept, wasReadableByOthers: true, hiddenBy: 'DOCKER_AUTH_CONFIG' };
    const { stderr } = await login(['-u', 'me', '--password-stdin'], {
      stdin: 'x',
      registries: registries({ login: async () => report }),
    });
    expect(stderr).toContain('/home/me/.docker/config.json was readable by other users');
    expect(stderr).toContain('DOCKER_AUTH_CONFIG has other credentials');
  });

  test('asks on the terminal, and shows no key of the password', async () => {
    const result = await login(['r.example'], { stdinIsTerminal: true, stdin: 'me\nsecrex\x7ft\r' });
    expect(asked).toEqual([{ server: 'r.example', username: 'me', password: 'secret' }]);
    expect(result.stderr).toMatch(/^Username: Password: \n/);
    expect(result.events).toEqual(['raw', 'restored', 'stdin let go', 'stop signals let go']);
  });

  test('takes away characters, not bytes, with backspace, and everything with ctrl-u', async () => {
    await login(['-u', 'me'], { stdinIsTerminal: true, stdin: 'wrong\x15pä\x7fass\n' });
    expect(asked[0]?.password).toBe('pass');
  });

  test('ends with 130 on ctrl-c, with the terminal as it was', async () => {
    const result = await login(['-u', 'me'], { stdinIsTerminal: true, stdin: 'sec\x03' });
    expect(result).toMatchObject({ exitCode: 130, stdout: '' });
    expect(result.events).toContain('restored');
    expect(asked).toEqual([]);
  });

  test('ends when the input does', async () => {
    for (const stdin of ['', 'me\n', 'me\n\x04']) {
      const result = await login([], { stdinIsTerminal: true, stdin });
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain('the input ended before the question was answered');
    }
  });

  test.each([
    ['an empty user name', '\n', 'a user name is required'],
    ['an empty password', 'me\n\n', 'a password is required'],
  ])('refuses %s', async (_what, stdin, message) => {
    expect((await login([], { stdinIsTerminal: true, stdin })).stderr).toContain(message);
    expect(asked).toEqual([]);
  });

  test('asks nobody where there is no terminal', async () => {
    for (const words of [[], ['-u', 'me'], ['-p', 'secret']]) {
      const result = await login(words, { stdin: 'me\nsecret\n' });
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain('stdin is not a terminal');
      expect(result.stderr).toContain('--password-stdin');
    }
  });

  test('tries what is kept before it asks', async () => {
    const loginAgain = async () => ({ username: 'me' });
    const result = await login(['r.example'], { registries: registries({ loginAgain }) });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded\n' });
    expect(result.stderr).toContain('Authenticating with existing credentials... [Username: me]');
    expect(asked).toEqual([]);
  });

  test('asks anew when what is kept is refused', async () => {
    const loginAgain = async () => {
      throw sampanError('ERR_REGISTRY_LOGIN', { subject: 'r.example: wrong' });
    };
    const refused = registries({ loginAgain });
    const result = await login(['r.example'], { registries: refused, stdinIsTerminal: true, stdin: 'me\nnew\r' });
    expect(result.stderr).toContain('login refused: r.example: wrong');
    expect(asked).toEqual([{ server: 'r.example', username: 'me', password: 'new' }]);
    expect((await login(['r.example'], { registries: refused })).exitCode).toBe(1);
  });

  test.each([
    [['-u', 'me', '-p', 'x', '--password-stdin'], 'mutually exclusive'],
    [['--password-stdin'], 'must provide --username with --password-stdin'],
    [['a', 'b'], 'requires at most 1 argument'],
  ])('refuses %j', async (words, message) => {
    const result = await login(words, { stdin: 'x' });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(message);
  });

  test('refuses an empty password and a file that is none', async () => {
    expect((await login(['-u', 'me', '--password-stdin'], { stdin: '\n' })).stderr).toContain('is empty');
    const long = 'x'.repeat(70_000);
    expect((await login(['-u', 'me', '--password-stdin'], { stdin: long })).stderr).toContain('longer than');
  });
});

describe('search', () => {
  const results = [
    { name: 'debian', description: `${'d'.repeat(50)}\n\t`, stars: 5000, isOfficial: true, isAutomated: false },
    { name: 'me/debian', description: 'mine', stars: 0, isOfficial: false, isAutomated: true },
  ];
  const search = async () => ({ kind: 'search' as const, results });

  test("prints docker's table", async () => {
    expect((await sampan(['search', 'debian'], { registries: { search } })).stdout).toBe(
      [
        'NAME        DESCRIPTION                                     STARS     OFFICIAL',
        `debian      ${'d'.repeat(44)}…   5000      [OK]`,
        'me/debian   mine                                            0         ',
        '',
      ].join('\n'),
    );
  });

  test("formats docker's fields", async () => {
    const format = '{{.Name}} {{.StarCount}} {{.IsOfficial}}{{.IsAutomated}}';
    expect((await sampan(['search', '--format', format, 'x'], { registries: { search } })).stdout).toBe(
      'debian 5000 [OK]\nme/debian 0 [OK]\n',
    );
    const json = await sampan(['search', '--format', 'json', '--no-trunc', 'x'], { registries: { search } });
    expect(JSON.parse(json.stdout.split('\n')[1] ?? '')).toEqual({
      ...{ Description: 'mine', IsAutomated: 'true', IsOfficial: 'false', Name: 'me/debian', StarCount: '0', Tags: '' },
    });
  });

  test('lists repositories with their tags', async () => {
    const tags = Array.from({ length: 40 }, (_, index) => String(index));
    const catalog = async () => ({
      kind: 'catalog' as const,
      results: [{ name: 'r.example/a', description: '', stars: 0, isOfficial: false, isAutomated: false, tags }],
    });
    const { stdout } = await sampan(['search', 'r.example/'], { registries: { search: catalog } });
    expect(stdout).toMatch(/^NAME {10}TAGS\nr.example\/a {3}0, 1, .*…\n$/);
    const full = await sampan(['search', '--no-trunc', 'r.example/'], { registries: { search: catalog } });
    expect(full.stdout).toContain('38, 39\n');
  });

  test.each(['-1', '101'])('refuses --limit %s', async (limit) => {
    const result = await sampan(['search', '--limit', limit, 'x']);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not between 1 and 100') });
  });
});
