// SPDX-License-Identifier: Apache-2.0
// run, create, exec, start, attach: what they ask of the engine, and how a session ends.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerService, StartOptions } from '../../../lib/engine/contract.js';
import { sampanError } from '../../../lib/errors/sampan-error.js';
import type { CreateRequest } from '../../../lib/spec/create-request.js';
import { fakeSession, sampan, type FakeSession } from './fake-host.js';

const id = 'a'.repeat(64);

/** containers.run that keeps what it was asked */
const runner = (session: FakeSession | undefined, warnings: readonly string[] = []) => {
  const calls: { readonly request: CreateRequest; readonly options: StartOptions }[] = [];
  const run: ContainerService['run'] = async (request, options) => {
    calls.push({ request, options });
    await options.onCreated?.(id, warnings);
    return { id, session };
  };
  return { run, calls };
};

describe('run in the foreground', () => {
  test('stdout and stderr stay apart, and the exit code is the command’s', async () => {
    const session = fakeSession({
      stdout: ['a', 'b\n'],
      stderr: ['c\n'],
      end: { kind: 'exited', exitCode: 3, signal: 0 },
    });
    const { run, calls } = runner(session);
    const result = await sampan(['run', '--rm', 'image', 'sh', '-c', 'x'], { containers: { run } });
    expect(result).toMatchObject({ exitCode: 3, stdout: 'ab\n', stderr: 'c\n' });
    expect(calls[0]!.request).toMatchObject({
      image: 'image',
      command: ['sh', '-c', 'x'],
      autoRemove: true,
      openStdin: false,
    });
    expect(calls[0]!.options.attach).toMatchObject({
      stdin: false,
      stdout: true,
      stderr: true,
      detachKeys: new Uint8Array(),
    });
    expect(session.log).toEqual(['disposed']);
  });

  test('a signal that ended the command is 128+n', async () => {
    const { run } = runner(fakeSession({ end: { kind: 'exited', exitCode: 137, signal: 9 } }));
    expect(await sampan(['run', 'image'], { containers: { run } })).toMatchObject({ exitCode: 137 });
  });

  test('-i passes stdin and its end on', async () => {
    const session = fakeSession({ echo: true });
    const { run, calls } = runner(session);
    const result = await sampan(['run', '-i', 'image', 'cat'], { containers: { run }, stdin: 'hello\n' });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
    expect(session.log).toEqual(['stdin ended', 'disposed']);
    expect(calls[0]!.request).toMatchObject({ openStdin: true, stdinOnce: true });
  });

  test('-it makes the terminal raw, tells its size, and restores it', async () => {
    const session = fakeSession({ tty: true, stdout: ['$ '] });
    const { run, calls } = runner(session);
    const result = await sampan(['run', '-it', 'image'], {
      containers: { run },
      stdinIsTerminal: true,
      size: { columns: 90, rows: 30 },
    });
    expect(result).toMatchObject({ exitCode: 0, stdout: '$ ' });
    expect(calls[0]!.options).toMatchObject({ terminal: { columns: 90, rows: 30 }, attach: { stdin: true } });
    expect(session.log[0]).toBe('size 90x30');
    expect(result.events).toEqual(['raw', 'stdin let go', 'restored', 'size no longer followed', 'signals let go']);
  });

  test('-t without a terminal on stdin is refused, as docker does', async () => {
    expect(await sampan(['run', '-it', 'image'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'sampan: the input device is not a TTY: stdin\nhint: leave out -t to pass a pipe or file on\n',
      events: [],
    });
  });

  test('-t alone needs no terminal', async () => {
    const { run } = runner(fakeSession({ tty: true, stdout: ['x'] }));
    expect(await sampan(['run', '-t', 'image'], { containers: { run } })).toMatchObject({
      exitCode: 0,
      stdout: 'x',
      events: [expect.anything(), expect.anything()],
    });
  });

  test('detaching ends with 0 and says so', async () => {
    const { run } = runner(fakeSession({ end: { kind: 'detached' } }));
    expect(await sampan(['run', 'image'], { containers: { run } })).toMatchObject({
      exitCode: 0,
      stderr: 'read escape sequence\n',
    });
  });

  test('--sig-proxy=false leaves signals alone', async () => {
    const { run } = runner(fakeSession({}));
    expect((await sampan(['run', '--sig-proxy=false', 'image'], { containers: { run } })).events).toEqual([]);
    expect((await sampan(['run', 'image'], { containers: { run: runner(fakeSession({})).run } })).events).toEqual([
      'signals let go',
    ]);
  });

  test('a reader that has gone ends the session quietly', async () => {
    const session = fakeSession({ stdout: ['x'] });
    const { run } = runner(session);
    expect(await sampan(['run', 'image'], { containers: { run }, brokenStdout: true })).toMatchObject({
      exitCode: 141,
      stderr: '',
    });
    expect(session.log).toEqual(['disposed']);
  });

  test('warnings go to stderr, and --quiet silences them', async () => {
    const loud = await sampan(['run', 'image'], { containers: { run: runner(fakeSession({}), ['no network']).run } });
    expect(loud.stderr).toBe('warning: no network\n');
    const quiet = await sampan(['run', '-q', 'image'], {
      containers: { run: runner(fakeSession({}), ['no network']).run },
    });
    expect(quiet.stderr).toBe('');
  });
});

describe('run -d', () => {
  test('prints the id', async () => {
    const { run, calls } = runner(undefined);
    expect(await sampan(['run', '-d', 'image'], { containers: { run } })).toEqual({
      exitCode: 0,
      stdout: `${id}\n`,
      stderr: '',
      events: [],
    });
    expect(calls[0]!.options.attach).toBeUndefined();
  });

  test('prints the id also when the start failed', async () => {
    const run: ContainerService['run'] = async (_request, { onCreated }) => {
      await onCreated?.(id, []);
      throw sampanError('ERR_COMMAND_NOT_FOUND', { subject: 'nope' });
    };
    expect(await sampan(['run', '-d', 'image', 'nope'], { containers: { run } })).toMatchObject({
      exitCode: 127,
      stdout: `${id}\n`,
    });
  });

  test('does not go with -a', async () => {
    expect(await sampan(['run', '-d', '-a', 'stdout', 'image'])).toMatchObject({
      exitCode: 1,
      stderr: 'sampan: conflicting options: cannot specify both --attach and --detach\n',
    });
  });
});

describe('exit codes of failures', () => {
  const failing = (error: Error) => ({
    run: () => Promise.reject(error),
    create: () => Promise.reject(error),
    start: () => Promise.reject(error),
    exec: () => Promise.reject(error),
  });
  const cases: readonly (readonly [string, Error, number])[] = [
    ['run image', sampanError('ERR_IMAGE_NOT_FOUND', { subject: 'image' }), 125],
    ['run image', sampanError('ERR_COMMAND_NOT_FOUND', { subject: 'x' }), 127],
    ['run image', sampanError('ERR_COMMAND_NOT_EXECUTABLE', { subject: 'x' }), 126],
    ['run image', new Error('anything'), 125],
    ['create image', sampanError('ERR_IMAGE_NOT_FOUND', { subject: 'image' }), 1],
    ['start c', sampanError('ERR_CONTAINER_NOT_FOUND', { subject: 'c' }), 1],
    ['exec c x', sampanError('ERR_CONTAINER_NOT_FOUND', { subject: 'c' }), 1],
    ['exec c x', sampanError('ERR_COMMAND_NOT_FOUND', { subject: 'x' }), 127],
    ['exec c x', sampanError('ERR_COMMAND_NOT_EXECUTABLE', { subject: 'x' }), 126],
  ];
  test.each(cases.map(([words, error, exitCode]) => ({ words, error, exitCode, what: error.message })))(
    '$words: $what is $exitCode',
    async ({ words, error, exitCode }) => {
      const result = await sampan(words.split(' '), { containers: failing(error) });
      expect(result).toMatchObject({ exitCode, stdout: '', stderr: `sampan: ${error.message}\n` });
    },
  );
});

describe('--cidfile', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sampan-unit-cid-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('is written before the container can exit', async () => {
    const file = join(directory, 'cid');
    const run: ContainerService['run'] = async (_request, { onCreated }) => {
      await onCreated?.(id, []);
      expect(readFileSync(file, 'utf8')).toBe(id);
      return { id, session: undefined };
    };
    expect(await sampan(['run', '-d', '--cidfile', file, 'image'], { containers: { run } })).toMatchObject({
      exitCode: 0,
    });
  });

  test('must not exist', async () => {
    const file = join(directory, 'cid');
    writeFileSync(file, 'old');
    const result = await sampan(['run', '--cidfile', file, 'image']);
    expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('is there already') });
    expect(readFileSync(file, 'utf8')).toBe('old');
  });

  test('goes away when nothing was created', async () => {
    const file = join(directory, 'cid');
    const run = () => Promise.reject(sampanError('ERR_IMAGE_NOT_FOUND', { subject: 'image' }));
    expect(await sampan(['run', '--cidfile', file, 'image'], { containers: { run } })).toMatchObject({ exitCode: 125 });
    expect(existsSync(file)).toBe(false);
  });
});

test('--dry-run=plan prints the plan and runs nothing', async () => {
  const planOf = async () => 'mount_proc /proc\n';
  expect(await sampan(['run', '--dry-run=plan', 'image'], { containers: { planOf } })).toMatchObject({
    exitCode: 0,
    stdout: 'mount_proc /proc\n',
  });
});

describe('exec', () => {
  test('takes its options before the container and leaves the command alone', async () => {
    const exec = jest.fn(async () =>
      fakeSession({ stdout: ['out'], end: { kind: 'exited' as const, exitCode: 7, signal: 0 } }),
    );
    const result = await sampan(['exec', '-e', 'A=1', '-w', '/srv', '-u', '5', 'web', 'ls', '-l', '-e', 'x'], {
      containers: { exec },
    });
    expect(result).toMatchObject({ exitCode: 7, stdout: 'out' });
    expect(exec).toHaveBeenCalledWith(
      'web',
      {
        command: ['ls', '-l', '-e', 'x'],
        env: ['A=1'],
        workingDir: '/srv',
        user: '5',
        tty: false,
        openStdin: false,
        privileged: false,
      },
      { attach: { stdin: false, stdout: true, stderr: true, detachKeys: new Uint8Array() } },
    );
  });

  test('-d attaches nothing', async () => {
    const exec = jest.fn(async () => undefined);
    expect(await sampan(['exec', '-d', 'web', 'x'], { containers: { exec } })).toMatchObject({
      exitCode: 0,
      stdout: '',
    });
    expect(exec).toHaveBeenCalledWith('web', expect.anything(), {});
  });
});

describe('start and attach', () => {
  const inspect = async () => ({ Config: { Tty: false, OpenStdin: true } });

  test('start prints names and goes on after a failure', async () => {
    const start = async (name: string) => {
      if (name === 'b') throw sampanError('ERR_CONTAINER_NOT_FOUND', { subject: name });
      return undefined;
    };
    expect(await sampan(['start', 'a', 'b', 'c'], { containers: { start } })).toEqual({
      exitCode: 1,
      stdout: 'a\nc\n',
      stderr: 'sampan: no such container: b\n',
      events: [],
    });
  });

  test('start -ai passes stdin on and returns the exit code', async () => {
    const session = fakeSession({ echo: true, end: { kind: 'exited', exitCode: 4, signal: 0 } });
    const result = await sampan(['start', '-ai', 'web'], {
      containers: { inspect, start: async () => session },
      stdin: 'x',
    });
    expect(result).toMatchObject({ exitCode: 4, stdout: 'x' });
  });

  test('start -a takes one container', async () => {
    expect(await sampan(['start', '-a', 'a', 'b'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('multiple containers at once'),
    });
  });

  test('attach --no-stdin reads nothing', async () => {
    const session = fakeSession({ stdout: ['x'] });
    const attach = jest.fn(async () => session);
    const result = await sampan(['attach', '--no-stdin', '--detach-keys', 'ctrl-a', 'web'], {
      containers: { inspect, attach },
    });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'x', events: ['signals let go'] });
    expect(attach).toHaveBeenCalledWith('web', {
      stdin: false,
      stdout: true,
      stderr: true,
      detachKeys: new Uint8Array(),
    });
  });

  test('detach keys are looked for on a terminal only: elsewhere they are data', async () => {
    const attach = jest.fn(async () => fakeSession({ tty: true }));
    const terminal = async () => ({ Config: { Tty: true, OpenStdin: true } });
    await sampan(['attach', '--detach-keys', 'ctrl-a', 'web'], {
      containers: { inspect: terminal, attach },
      stdinIsTerminal: true,
    });
    expect(attach).toHaveBeenCalledWith('web', expect.objectContaining({ stdin: true, detachKeys: Uint8Array.of(1) }));
  });
});
