// SPDX-License-Identifier: Apache-2.0
// From words to a command: names, help, usage errors, and their exit codes (docker's, seen with its client).

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registry, shortName, allNames } from '../../../lib/cli/registry.js';
import { referenceText } from '../../../lib/cli/reference.js';
import { sampan } from './fake-host.js';

test.each([
  [['--version'], /^sampan version \d+\.\d+\.\d+\n$/],
  [['-v'], /^sampan version \d+\.\d+\.\d+\n$/],
  [[], /^Usage: {2}sampan \[OPTIONS\] COMMAND\n/],
  [['--help'], /^Usage: {2}sampan \[OPTIONS\] COMMAND\n/],
  [['-h'], /^Usage: {2}sampan \[OPTIONS\] COMMAND\n/],
  [['help'], /^Usage: {2}sampan \[OPTIONS\] COMMAND\n/],
  [['help', 'run'], /^Usage: {2}sampan run /],
  [['help', 'container'], /^Usage: {2}sampan container COMMAND\n/],
  [['help', 'container', 'ls'], /^Usage: {2}sampan ps /],
  [['container'], /^Usage: {2}sampan container COMMAND\n/],
  [['container', '--help'], /^Usage: {2}sampan container COMMAND\n/],
  [['run', '--help'], /^Usage: {2}sampan run \[OPTIONS\] IMAGE/],
  [['ps', '-h'], /^Usage: {2}sampan ps \[OPTIONS\]\n/],
  [['container', 'list', '--help'], /^Usage: {2}sampan ps \[OPTIONS\]\n/],
])('%j prints and succeeds', async (words, stdout) => {
  expect(await sampan(words)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(stdout), stderr: '' });
});

test('--help among the container’s own words is the container’s', async () => {
  const run = jest.fn(async () => ({ id: 'x', session: undefined }));
  await sampan(['run', 'image', 'ls', '--help'], { containers: { run } });
  expect(run).toHaveBeenCalledWith(expect.objectContaining({ command: ['ls', '--help'] }), expect.anything());
});

test.each([
  [['bogus'], 1, 'unknown command: sampan bogus', "'sampan --help' lists the commands"],
  [['rnu'], 1, 'unknown command: sampan rnu', "did you mean 'sampan run'? 'sampan --help' lists the commands"],
  [
    ['container', 'strat'],
    1,
    'unknown command: sampan container strat',
    "did you mean 'sampan container start'? 'sampan --help' lists the commands",
  ],
  [['help', 'bogus'], 1, 'unknown command: sampan bogus', "'sampan --help' lists the commands"],
  [['--bogus'], 125, 'unknown flag: --bogus', "see 'sampan --help'"],
  [['-x', 'ps'], 125, "unknown shorthand flag: 'x' in -x", "see 'sampan --help'"],
  [['ps', '--bogus'], 125, 'unknown flag: --bogus', "see 'sampan ps --help'"],
  [['container', 'ps', '--bogus'], 125, 'unknown flag: --bogus', "see 'sampan container ps --help'"],
  [['ps', 'extra'], 1, "'sampan ps' accepts no arguments", "see 'sampan ps --help'"],
  [['run'], 1, "'sampan run' requires at least 1 argument", "see 'sampan run --help'"],
  [['run', '-it'], 1, "'sampan run' requires at least 1 argument", "see 'sampan run --help'"],
  [['exec', 'c'], 1, "'sampan exec' requires at least 2 arguments", "see 'sampan exec --help'"],
  [['logs', 'a', 'b'], 1, "'sampan logs' requires 1 argument", "see 'sampan logs --help'"],
  [['images', 'a', 'b'], 1, "'sampan images' requires at most 1 argument", "see 'sampan images --help'"],
  [['tag', 'a'], 1, "'sampan tag' requires 2 arguments", "see 'sampan tag --help'"],
  [
    ['stop', '-t', 'abc', 'x'],
    125,
    'invalid argument "abc" for "-t, --timeout" flag: "abc" is not an integer',
    "see 'sampan stop --help'",
  ],
  [['run', '--name'], 125, 'flag needs an argument: --name', "see 'sampan run --help'"],
  [
    ['run', '-m', '1g', 'x'],
    125,
    'not supported: --memory',
    'this option of docker is not supported yet: leave it out',
  ],
  [['rm', '-l', 'x'], 125, 'not supported: --link', 'links are not supported: leave it out'],
])('%j fails with %d', async (words, exitCode, message, hint) => {
  expect(await sampan(words)).toEqual({
    exitCode,
    stdout: '',
    stderr: `sampan: ${message}\nhint: ${hint}\n`,
    events: [],
  });
});

test('no two commands share a name', () => {
  const names = registry.flatMap(allNames);
  expect(new Set(names).size).toBe(names.length);
});

test('every command loads, and no two of its options share a name or a letter', async () => {
  for (const entry of registry) {
    const { command } = await entry.load();
    const names = command.options.map(({ name }) => name);
    const letters = command.options.flatMap(({ short }) => short ?? []);
    expect({ command: shortName(entry), names: new Set(names).size, letters: new Set(letters).size }).toEqual({
      command: shortName(entry),
      names: names.length,
      letters: letters.length,
    });
  }
});

// UPDATE=1 writes what is printed now.
test.each(['', 'run', 'ps', 'container', 'exec'])('help of "%s" is what it was', async (topic) => {
  const { stdout } = await sampan(['help', ...topic.split(' ').filter((word) => word !== '')]);
  const file = join(__dirname, 'golden', `help-${topic === '' ? 'root' : topic}.txt`);
  if (process.env['UPDATE'] === '1') writeFileSync(file, stdout);
  expect(stdout).toBe(readFileSync(file, 'utf8'));
});

test('docs/reference/commands.md is what the option records say', async () => {
  expect(readFileSync(join(__dirname, '../../../docs/reference/commands.md'), 'utf8')).toBe(await referenceText());
});
