// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { brokenOff, splitLine } from '../../../lib/cli/completion/shell-line.js';
import type { ContainerSummary, Engine, ImageSummary, ListFilter } from '../../../lib/engine/contract.js';
import { sampan } from './fake-host.js';

const summary = (name: string, status: ContainerSummary['status']) =>
  ({ name, status, image: 'debian:12' }) as ContainerSummary; // what completion reads of it
const containers = {
  list: async ({ all }: ListFilter) =>
    [summary('web', 'running'), summary('old', 'exited')].filter(({ status }) => all || status === 'running'),
};
const images = {
  list: async () =>
    [
      { repository: 'debian', tag: '12' },
      { repository: 'r.example:5000/a', tag: 'x' },
      { repository: '<none>', tag: '<none>' },
    ] as ImageSummary[],
};
const networks = { list: async () => [{ name: 'lan', driver: 'bridge' }] } as unknown as Engine['networks'];

const ask = async (shell: string, ...words: readonly string[]): Promise<readonly string[]> => {
  const { stdout, exitCode } = await sampan(['__complete', shell, ...words], { containers, images, networks });
  expect(exitCode).toBe(0);
  const [kind = '', ...lines] = stdout.trimEnd().split('\n');
  return kind === 'files' ? ['files'] : lines.map((line) => line.split('\t')[0] ?? '');
};

test('commands and nouns, with what they do', async () => {
  const { stdout } = await sampan(['__complete', 'zsh', 'lo']);
  expect(stdout).toMatch(/^words\nlogs\tShow the logs of a container\n/);
  expect(await ask('zsh', '')).toEqual(expect.arrayContaining(['run', 'container', 'help', 'completion']));
  expect(await ask('zsh', 'container', 'in')).toEqual(['inspect']);
  expect(await ask('zsh', 'container', 'clean')).toEqual([]);
  expect(await ask('zsh', '--debug', 'vers')).toEqual(['version']);
  expect(await ask('zsh', 'help', 'image', 'h')).toEqual(['history']);
  expect(await ask('zsh', 'nonsense', '')).toEqual([]);
});

test('flags of the command, none that is hidden', async () => {
  expect(await ask('zsh', 'login', '-')).toEqual(
    expect.arrayContaining(['--username', '-u', '--password-stdin', '--help', '-h']),
  );
  expect(await ask('zsh', 'pull', '--disable')).toEqual([]);
  expect(await ask('zsh', '--deb')).toEqual(['--debug']);
});

test.each([
  [['stop', ''], ['web']],
  [['start', ''], ['old']],
  [
    ['rm', '-f', ''],
    ['web', 'old'],
  ],
  [['rm', 'web', 'o'], ['old']],
  [['exec', '-it', ''], ['web']],
  [['run', '--rm', '-it', 'deb'], ['debian:12']],
  [
    ['run', '-e', 'A=1', ''],
    ['debian:12', 'r.example:5000/a:x'],
  ],
  [['run', '-eA=1', 'r'], ['r.example:5000/a:x']],
  [
    ['inspect', ''],
    ['web', 'old', 'debian:12', 'r.example:5000/a:x'],
  ],
  [['push', 'r.ex'], ['r.example:5000/a:x']],
  [
    ['run', '--network', ''],
    ['lan', 'none', 'host'],
  ],
  [['run', '--network=l'], ['--network=lan']],
  [['run', '--pull', 'm'], ['missing']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['version', ''], []],
  [
    ['port', ''],
    ['web', 'add', 'rm'],
  ],
  [
    ['port', 'add', ''],
    ['web', 'old'],
  ],
  [['port', 'rm', '--pub'], ['--publish']],
])('%j is completed by %j', async (words, expected) => {
  expect(await ask('zsh', ...words)).toEqual(expected);
});

test.each([
  [['load', '-i', '']],
  [['run', '-v', '/']],
  [['run', 'debian:12', '']],
  [['exec', 'web', '']],
  [['import', '']],
])('%j is left to the shell', async (words) => {
  expect(await ask('zsh', ...words)).toEqual(['files']);
});

test('bash gets what stands behind the colon or equals sign that it broke the word at', async () => {
  expect(await ask('bash', 'sampan run r.example:50')).toEqual(['5000/a:x']);
  expect(await ask('bash', 'sampan run --network=l')).toEqual(['lan']);
  expect(await ask('bash', 'sampan stop ')).toEqual(['web']);
});

test.each([
  ['sampan run ', ['sampan', 'run', '']],
  ['sampan  run', ['sampan', 'run']],
  [`sampan run -e 'a b' "c\\"d" e\\ f`, ['sampan', 'run', '-e', 'a b', 'c"d', 'e f']],
  [`sampan run 'half `, ['sampan', 'run', 'half ']],
])('%j is split as a shell does', (line, words) => {
  expect(splitLine(line)).toEqual(words);
});

test('the part that bash broke off', () => {
  expect(['a', 'a:', 'r:5/a:x', '--n=l'].map(brokenOff)).toEqual(['', 'a:', 'r:5/a:', '--n=']);
});

test('the scripts are printed, and bash takes its own', async () => {
  for (const shell of ['bash', 'zsh', 'fish'])
    expect((await sampan(['completion', shell])).stdout).toContain(`__complete ${shell}`);
  const { stdout } = await sampan(['completion', 'bash']);
  execFileSync('bash', ['-n'], { input: stdout });
  expect((await sampan(['completion', 'csh'])).stderr).toContain('the shells are bash, zsh, fish');
});
