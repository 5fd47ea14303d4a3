// SPDX-License-Identifier: Apache-2.0
// Flags by docker's rules: the cases of pflag's grammar, with the options of run and of a listing command.

import { runOptions } from '../../../lib/options/create-request.js';
import {
  booleanOption,
  listOption,
  parseInteger,
  stringOption,
  valueOption,
  type Option,
} from '../../../lib/options/option.js';
import { scan } from '../../../lib/options/scan.js';

const given = { group: 'general', describe: '' } as const;
const all = booleanOption({ ...given, name: 'all', short: 'a' });
const tty = booleanOption({ ...given, name: 'tty', short: 't' });
const env = listOption({ ...given, name: 'env', short: 'e', read: (text) => text });
const format = stringOption({ ...given, name: 'format', short: 'f' });
const last = valueOption({ ...given, name: 'last', short: 'n', kind: 'int', read: parseInteger });
const options: readonly Option[] = [all, tty, env, format, last];

const scanned = (words: readonly string[], interspersed: boolean) => {
  const { values, rest } = scan(words, { options, interspersed, command: 'sampan x' });
  const found = Object.fromEntries(
    options.filter((option) => values.has(option)).map((option) => [option.name, values.get(option)]),
  );
  return { found, rest };
};

describe('flags anywhere', () => {
  test.each([
    [[], {}, []],
    [['-a'], { all: true }, []],
    [['--all'], { all: true }, []],
    [['--all=false'], { all: false }, []],
    [['--all=0'], { all: false }, []],
    [['--all=T'], { all: true }, []],
    [['--all', 'false'], { all: true }, ['false']],
    [['-at'], { all: true, tty: true }, []],
    [['-a=false'], { all: false }, []],
    [['-at=false'], { all: true, tty: false }, []],
    [['-e', 'A=1'], { env: ['A=1'] }, []],
    [['-eA=1'], { env: ['A=1'] }, []],
    [['-e=A=1'], { env: ['A=1'] }, []],
    [['-teA=1'], { tty: true, env: ['A=1'] }, []],
    [['-te', 'A=1'], { tty: true, env: ['A=1'] }, []],
    [['--env=A=1', '--env', 'B=2', '-e', 'C'], { env: ['A=1', 'B=2', 'C'] }, []],
    [['--env', '-x'], { env: ['-x'] }, []],
    [['-e', '--'], { env: ['--'] }, []],
    [['--env='], { env: [''] }, []],
    [['-e', ''], { env: [''] }, []],
    [['--format', '{{.ID}}', '--format', 'json'], { format: 'json' }, []],
    [['-n', '-1'], { last: -1 }, []],
    [['-n5'], { last: 5 }, []],
    [['-n', '+5'], { last: 5 }, []],
    [['one', '-a', 'two'], { all: true }, ['one', 'two']],
    [['-a', '--', '-t', 'x'], { all: true }, ['-t', 'x']],
    [['one', '--', '-t'], {}, ['one', '-t']],
    [['-'], {}, ['-']],
    [['-a', '-', '-t'], { all: true, tty: true }, ['-']],
    [[''], {}, ['']],
  ])('%j', (words, found, rest) => {
    expect(scanned(words, true)).toEqual({ found, rest });
  });
});

describe('flags end at the first argument', () => {
  test.each([
    [['-t', 'image', '-a'], { tty: true }, ['image', '-a']],
    [['image', '--all=maybe', '--nope'], {}, ['image', '--all=maybe', '--nope']],
    [['-t', '--', 'image', '-a'], { tty: true }, ['image', '-a']],
    [['--', '-t'], {}, ['-t']],
    [['image', '--', '-a'], {}, ['image', '--', '-a']],
    [['-', '-a'], {}, ['-', '-a']],
    [['-ate', 'A', 'image', 'sh', '-c', 'x'], { all: true, tty: true, env: ['A'] }, ['image', 'sh', '-c', 'x']],
  ])('%j', (words, found, rest) => {
    expect(scanned(words, false)).toEqual({ found, rest });
  });
});

describe('mistakes', () => {
  test.each([
    [['--nope'], 'unknown flag: --nope'],
    [['--nope=1'], 'unknown flag: --nope'],
    [['-Z'], "unknown shorthand flag: 'Z' in -Z"],
    [['-aZt'], "unknown shorthand flag: 'Z' in -aZt"],
    [['--env'], 'flag needs an argument: --env'],
    [['-e'], "flag needs an argument: 'e' in -e"],
    [['-te'], "flag needs an argument: 'e' in -te"],
    [['--all=maybe'], 'invalid argument "maybe" for "-a, --all" flag: "maybe" is neither true nor false'],
    [['-n', 'x'], 'invalid argument "x" for "-n, --last" flag: "x" is not an integer'],
    [['-n', '1.5'], 'invalid argument "1.5" for "-n, --last" flag: "1.5" is not an integer'],
    [
      ['-n', '99999999999999999999'],
      'invalid argument "99999999999999999999" for "-n, --last" flag: "99999999999999999999" is not an integer',
    ],
    [['--ALL'], 'unknown flag: --ALL'],
    [['---all'], 'unknown flag: ---all'],
    [['--=x'], 'unknown flag: --'],
  ])('%j', (words, message) => {
    expect(() => scanned(words, true)).toThrow(expect.objectContaining({ code: 'ERR_USAGE', message }));
  });

  test('a near miss is suggested', () => {
    expect(() => scanned(['--fromat', 'json'], true)).toThrow(
      expect.objectContaining({ hint: "did you mean --format? see 'sampan x --help'" }),
    );
  });

  test.each([
    ['--memory', ['--memory', '1g']],
    ['--memory', ['-m', '1g']],
    ['--memory', ['-m1g']],
    ['--cpus', ['--cpus=2']],
    ['--device', ['--device', '/dev/x']],
    ['--gpus', ['--gpus', 'all']],
    ['--pid', ['--pid=host']],
  ])('%s is known, but not there yet', (flag, words) => {
    expect(() => scan(words, { options: runOptions, interspersed: false, command: 'sampan run' })).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', subject: flag }),
    );
  });

  test.each([['--restart=no'], ['--memory=0'], ['--publish-all=false'], ['--ipc=private'], ['--pids-limit=-1']])(
    '%s asks for what happens anyway',
    (word) => {
      const { rest } = scan([word, 'image'], { options: runOptions, interspersed: false, command: 'sampan run' });
      expect(rest).toEqual(['image']);
    },
  );
});

test('no two options of run share a name or a letter', () => {
  const names = runOptions.map(({ name }) => name);
  const letters = runOptions.flatMap(({ short }) => short ?? []);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(letters).size).toBe(letters.length);
});
