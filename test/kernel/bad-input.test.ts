// SPDX-License-Identifier: Apache-2.0
// What a person can get wrong: each has its exit code, a message that names the subject, and leaves nothing half-made.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { changesNothing } from '../support/store-state.js';
import { image, ok, sandbox, tool, uniqueName, type ToolOptions, type ToolResult } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');

/** Runs what must fail: one message, without stack, that says `subject`; nothing changed on disk. */
const refused = async (
  args: readonly string[],
  { exitCode, subject, ...options }: ToolOptions & { readonly exitCode: number; readonly subject: string | RegExp },
): Promise<ToolResult> => {
  const result = await changesNothing(async () => tool(args, options));
  expect(result).toMatchObject({
    exitCode,
    stderr: typeof subject === 'string' ? expect.stringContaining(subject) : expect.stringMatching(subject),
  });
  expect(result.stderr).toMatch(/^sampan: /m);
  expect(result.stderr).not.toMatch(/\n\s+at /);
  return result;
};

/** `run --rm` and `create`, which must fail in the same way. */
const runRefused = async (
  options: readonly string[],
  command: readonly string[],
  expected: { readonly exitCode: number; readonly subject: string | RegExp },
): Promise<void> => {
  await refused(['run', '--rm', ...options, await image(), ...command], expected);
};

const hostDirectory = (): string => {
  const path = join(sandbox().directory, uniqueName('dir'));
  mkdirSync(path);
  return path;
};

describe('the command line', () => {
  for (const [args, exitCode, subject] of [
    [['run', '--no-such-flag', 'host'], 125, '--no-such-flag'],
    [['ps', '--no-such-flag'], 125, '--no-such-flag'],
    [['run', '-Z', 'host'], 125, "'Z' in -Z"],
    [['no-such-command'], 1, 'no-such-command'],
    [['image', 'no-such-command'], 1, 'no-such-command'],
    [['run'], 1, 'run'],
    [['rm'], 1, 'rm'],
    [['tag', 'only-one'], 1, 'tag'],
    [['run', '--name'], 125, '--name'],
    [['--no-such-flag', 'ps'], 125, '--no-such-flag'],
  ] as const)
    container.test(`\`${args.join(' ')}\` is refused with ${String(exitCode)}`, async () => {
      const { stdout } = await refused(args, { exitCode, subject });
      expect(stdout).toBe('');
    });

  container.test('long and binary arguments are quoted short and printable', async () => {
    const result = await refused(['run', '--rm', '--pull', 'never', `x${'y'.repeat(100_000)}\u001b[31m`, 'true'], {
      exitCode: 125,
      subject: 'yyy',
    });
    expect(result.stderr.length).toBeLessThan(2000);
    expect(result.stderr).not.toContain('\u001b');
  });
});

describe('images', () => {
  for (const reference of ['Upper:1', 'a b', 'x:', ':x', 'x@sha256:123', 'a//b', '', '-x/y', `x:${'t'.repeat(129)}`])
    container.test(`the reference '${reference.slice(0, 20)}' is refused`, async () => {
      await refused(['run', '--rm', '--', reference, 'true'], { exitCode: 125, subject: 'invalid reference' });
      await refused(['tag', 'host', '--', reference], { exitCode: 1, subject: 'invalid reference' });
    });

  container.test('an image that is not there is named by every command', async () => {
    const name = 'no-such-image:none';
    for (const args of [
      ['rmi', name],
      ['image', 'inspect', name],
      ['tag', name, 'x'],
      ['inspect', name],
    ])
      await refused(args, { exitCode: 1, subject: name });
    for (const command of ['run', 'create'])
      await refused([command, '--pull', 'never', name, 'true'], {
        exitCode: command === 'run' ? 125 : 1,
        subject: name,
      });
  });

  container.test('an archive that is not there, a directory and an unreadable file are named', async () => {
    const path = hostDirectory();
    const closed = join(path, 'closed.tar');
    writeFileSync(closed, 'x', { mode: 0 });
    for (const input of [join(path, 'missing.tar'), path, closed]) {
      await refused(['load', '-i', input], { exitCode: 1, subject: input });
      await refused(['import', input, 'x:y'], { exitCode: 1, subject: input });
    }
  });
});

describe('mounts', () => {
  container.test('a bind source that is not there is named by --mount', async () => {
    const source = join(hostDirectory(), 'missing');
    await runRefused(['--mount', `type=bind,source=${source},target=/x`], ['true'], { exitCode: 125, subject: source });
    expect(existsSync(source)).toBe(false);
  });

  container.test('a bind source that the user may not reach is named', async () => {
    const parent = hostDirectory();
    const source = join(parent, 'inside');
    mkdirSync(source);
    chmodSync(parent, 0);
    await runRefused(['-v', `${source}:/x`], ['true'], { exitCode: 125, subject: source });
    await runRefused(['--mount', `type=bind,source=${source},target=/x`], ['true'], { exitCode: 125, subject: source });
    chmodSync(parent, 0o700);
  });

  container.test('a link that goes round in circles is no bind source', async () => {
    const source = join(hostDirectory(), 'loop');
    symlinkSync('loop', source);
    await runRefused(['--mount', `type=bind,source=${source},target=/x`], ['true'], { exitCode: 125, subject: source });
  });

  container.test('a target that is not absolute is refused', async () => {
    await runRefused(['-v', `${hostDirectory()}:relative`], ['true'], { exitCode: 125, subject: 'relative' });
  });

  container.test('two mounts on one target are refused', async () => {
    await runRefused(['--tmpfs', '/x', '-v', `${hostDirectory()}:/x`], ['true'], { exitCode: 125, subject: '/x' });
  });
});

describe('the process', () => {
  container.test('a command that is missing, not executable or a directory', async () => {
    await runRefused([], ['/no/such/command'], { exitCode: 127, subject: '/no/such/command' });
    await runRefused([], ['no-such-command'], { exitCode: 127, subject: 'no-such-command' });
    await runRefused([], ['/etc/not-executable'], { exitCode: 126, subject: '/etc/not-executable' });
    await runRefused(['-d'], ['/etc'], { exitCode: 126, subject: '/etc' });
  });

  container.test('an empty command', async () => {
    await runRefused([], [''], { exitCode: 127, subject: 'executable file not found' });
  });

  container.test('a working directory that is a file', async () => {
    await runRefused(['-w', '/etc/passwd'], ['true'], { exitCode: 125, subject: '/etc/passwd' });
  });

  for (const [user, subject] of [
    ['nobody-here', 'nobody-here'],
    ['root:no-such-group', 'no-such-group'],
    ['-1', '-1'],
    ['4294967296', '4294967296'],
    ['1000:4294967295', '4294967295'],
  ] as const)
    container.test(`-u ${user} is refused`, async () => {
      await runRefused(['-u', user], ['true'], { exitCode: 125, subject });
    });

  withIds.test('a user id that no sub-id stands for is refused', async () => {
    await runRefused(['-u', '70000'], ['true'], { exitCode: 125, subject: '70000' });
  });

  container.test('an environment that is too long for the kernel', async () => {
    const path = join(hostDirectory(), 'env');
    writeFileSync(path, `LONG=${'x'.repeat(200_000)}\n`);
    await runRefused(['--env-file', path], ['true'], { exitCode: 125, subject: /E2BIG|too long/i });
  });
});

describe('XDG_RUNTIME_DIR', () => {
  const runsWith = async (path: string | undefined): Promise<void> => {
    const name = uniqueName();
    const env = { XDG_RUNTIME_DIR: path };
    expect(await ok(['run', '--rm', await image(), 'cat', '/etc/os-release'], { env })).toBe('ID=test');
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '1000'], { env });
    // found by a command that was started with another environment
    expect(await ok(['exec', name, 'cat', '/etc/os-release'])).toBe('ID=test');
    await ok(['rm', '-f', name]);
  };

  container.test('unset: everything works', async () => {
    await runsWith(undefined);
  });

  container.test('of somebody else: it is not used, and everything works', async () => {
    await runsWith('/usr');
  });

  container.test('with mode 0755: it is not used', async () => {
    const path = hostDirectory();
    chmodSync(path, 0o755);
    await runsWith(path);
    expect(execFileSync('ls', ['-A', path], { encoding: 'utf8' })).toBe('');
  });

  container.test('that is not there, no directory, or empty: it is not used', async () => {
    const notThere = join(hostDirectory(), 'missing');
    await runsWith(notThere);
    expect(existsSync(notThere)).toBe(false);
    await runsWith('/etc/passwd');
    await runsWith('');
  });

  container.test('that is very long: sockets work all the same', async () => {
    const path = join(hostDirectory(), 'x'.repeat(200));
    mkdirSync(path, { mode: 0o700 });
    await runsWith(path);
  });
});

describe('names', () => {
  for (const name of ['-x', 'a', 'a b', 'a/b', 'ä', '.x', 'x'.repeat(300)])
    container.test(`--name '${name.slice(0, 20)}' is refused`, async () => {
      await runRefused(['--name', name], ['true'], { exitCode: 125, subject: name.slice(0, 20) });
    });

  container.test('of several run commands on one name exactly one runs', async () => {
    const reference = await image();
    const name = uniqueName();
    const results = await Promise.all(
      Array.from({ length: 4 }, async () => tool(['run', '-d', '--name', name, reference, 'sleep', '1000'])),
    );
    expect(results.map(({ exitCode }) => exitCode).sort((a, b) => a - b)).toEqual([0, 125, 125, 125]);
    for (const { exitCode, stderr } of results) if (exitCode !== 0) expect(stderr).toContain(name);
    const [, row, ...rest] = (await ok(['ps', '-a', '--filter', `name=${name}`])).split('\n');
    expect(row).toContain('Up');
    expect(rest).toEqual([]);
    await ok(['rm', '-f', name]);
  });
});

container.test('a data root that cannot be made or written is named', async () => {
  const closed = hostDirectory();
  chmodSync(closed, 0o500);
  for (const path of [closed, '/proc', '/etc/passwd']) {
    const result = await tool(['run', '--rm', 'host', 'true'], { env: { XDG_DATA_HOME: path } });
    expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(path) });
    expect(result.stderr).not.toMatch(/\n\s+at /);
  }
});
