// SPDX-License-Identifier: Apache-2.0
// create, start, stop, kill, wait, restart, rm, exec, ps, inspect: states, names and ids.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, loadImage, ok, sandbox, startTool, stateOf, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

/** A running container that ends at SIGTERM with code 42. */
const running = async (...options: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...options, await image(), '/bin/report', 'signals']);
  await poll(async () => (await ok(['logs', name])).includes('ready'));
  return name;
};
const sleeping = async (...options: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...options, await image(), 'sleep', '1000']);
  return name;
};
const gone = async (...names: readonly string[]): Promise<void> => {
  await ok(['rm', '-f', ...names]);
};

describe('create and start', () => {
  container.test('create prints the id and starts nothing', async () => {
    const name = uniqueName();
    const id = await ok(['create', '--name', name, await image(), 'echo', 'x']);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await stateOf(name)).toMatchObject({ Status: 'created', Running: false, Pid: 0, ExitCode: 0 });
    await gone(name);
  });

  container.test('start prints the name; start -a shows the output and returns the exit code', async () => {
    const name = uniqueName();
    await ok(['create', '--name', name, await image(), 'sh', '-c', 'echo out; exit 9']);
    expect(await ok(['start', name])).toBe(name);
    await ok(['wait', name]);
    expect(await tool(['start', '-a', name])).toMatchObject({ exitCode: 9, stdout: 'out\n' });
    await gone(name);
  });

  container.test('start of a running container is no error; of an unknown one is', async () => {
    const name = await sleeping();
    expect(await ok(['start', name])).toBe(name);
    expect(await tool(['start', 'no-such-container'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no-such-container'),
    });
    await gone(name);
  });

  container.test('the writable layer survives stop and start', async () => {
    const name = uniqueName();
    await ok(['create', '--name', name, await image(), 'sh', '-c', 'echo x >> /count; wc -l < /count']);
    expect(await ok(['start', '-a', name])).toBe('1');
    expect(await ok(['start', '-a', name])).toBe('2');
    await gone(name);
  });

  container.test('-i gives stdin to start -ai', async () => {
    const name = uniqueName();
    await ok(['create', '-i', '--name', name, await image(), 'cat']);
    expect(await ok(['start', '-ai', name], { input: 'through\n' })).toBe('through');
    await gone(name);
  });

  container.test('an image without command needs one', async () => {
    const reference = await loadImage({ config: {} });
    expect(await tool(['run', '--rm', reference])).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('command'),
    });
  });
});

describe('stop and kill', () => {
  container.test('stop sends SIGTERM and keeps the exit code of the process', async () => {
    const name = await running();
    expect(await ok(['stop', name])).toBe(name);
    expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 42 });
    expect(await ok(['logs', name])).toBe('ready\nsignal 15');
    await gone(name);
  });

  container.test('stop kills after -t', async () => {
    const name = await sleeping();
    const started = Date.now();
    await ok(['stop', '-t', '1', name]);
    expect(Date.now() - started).toBeGreaterThan(900);
    expect(Date.now() - started).toBeLessThan(8000);
    expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 137 });
    await gone(name);
  });

  container.test('stop sends the stop signal of the image and of --stop-signal', async () => {
    const reference = await loadImage({ config: { Cmd: ['/bin/report', 'signals'], StopSignal: 'SIGUSR2' } });
    for (const [options, number] of [
      [[], 12],
      [['--stop-signal', '10'], 10],
    ] as const) {
      const name = uniqueName();
      await ok(['run', '-d', '--name', name, ...options, reference]);
      await poll(async () => (await ok(['logs', name])).includes('ready'));
      await ok(['stop', '-t', '1', name]);
      expect(await ok(['logs', name])).toContain(`signal ${String(number)}`);
      await gone(name);
    }
  });

  container.test('stop of a container that is not running is no error', async () => {
    const name = uniqueName();
    await ok(['create', '--name', name, await image(), 'true']);
    expect(await ok(['stop', name])).toBe(name);
    await gone(name);
  });

  container.test('kill sends by name and by number', async () => {
    const name = await running();
    await ok(['kill', '-s', 'SIGUSR1', name]);
    await ok(['kill', '--signal', '12', name]);
    await ok(['kill', '-s', 'hup', name]);
    await poll(async () => /signal 10\nsignal 12\nsignal 1\b/.test(await ok(['logs', name])), {
      what: 'three signals in the log',
    });
    await ok(['kill', name]);
    await ok(['wait', name]);
    expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 137 });
    expect(await tool(['kill', name])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('not running') });
    expect(await tool(['kill', '-s', 'NOPE', name])).toMatchObject({
      exitCode: expect.any(Number),
      stderr: expect.stringContaining('NOPE'),
    });
    await gone(name);
  });

  container.test('killing the process from outside is recorded', async () => {
    const name = await sleeping();
    process.kill((await stateOf(name)).Pid, 'SIGKILL');
    expect(await ok(['wait', name])).toBe('137');
    expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 137 });
    await gone(name);
  });
});

describe('wait, restart, rm', () => {
  container.test('wait prints the exit codes in order', async () => {
    const reference = await image();
    const names = [uniqueName(), uniqueName()];
    await ok(['run', '-d', '--name', names[0] ?? '', reference, 'sh', '-c', 'sleep 1; exit 3']);
    await ok(['run', '-d', '--name', names[1] ?? '', reference, 'sh', '-c', 'exit 4']);
    expect(await ok(['wait', ...names])).toBe('3\n4');
    await gone(...names);
  });

  container.test('restart gives a new process', async () => {
    const name = await running();
    const before = (await stateOf(name)).Pid;
    expect(await ok(['restart', '-t', '1', name])).toBe(name);
    const after = await stateOf(name);
    expect(after).toMatchObject({ Running: true });
    expect(after.Pid).not.toBe(before);
    await gone(name);
  });

  container.test('rm refuses a running container, rm -f ends it', async () => {
    const name = await sleeping();
    const { Pid } = await stateOf(name);
    expect(await tool(['rm', name])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('running') });
    expect(await ok(['rm', '-f', name])).toBe(name);
    expect(existsSync(`/proc/${String(Pid)}`)).toBe(false);
    expect(existsSync(join(sandbox().dataRoot, 'names', name))).toBe(false);
  });

  container.test('rm of what is not there fails, with -f it does not', async () => {
    expect(await tool(['rm', 'no-such-container'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no-such-container'),
    });
    expect(await tool(['rm', '-f', 'no-such-container'])).toMatchObject({ exitCode: 0 });
  });

  container.test('one bad name does not keep the others from being removed', async () => {
    const name = await sleeping();
    expect(await tool(['rm', '-f', 'no-such-container', name])).toMatchObject({
      stdout: expect.stringContaining(name),
    });
    expect(await ok(['ps', '-aq', '--filter', `name=${name}`])).toBe('');
  });

  container.test('files that sub-ids own inside are removed too', async () => {
    const name = uniqueName();
    await ok([
      'run',
      '--name',
      name,
      await image(),
      'sh',
      '-c',
      'mkdir -p /made/deep && chown -R 1000:1000 /made && chmod 000 /made',
    ]);
    const id = await ok(['inspect', '--format', '{{.Id}}', name]);
    await ok(['rm', name]);
    expect(existsSync(join(sandbox().dataRoot, 'containers', id))).toBe(false);
  });
});

describe('names and ids', () => {
  container.test('a name is given once', async () => {
    const name = uniqueName();
    await ok(['create', '--name', name, await image(), 'true']);
    expect(await tool(['create', '--name', name, await image(), 'true'])).toMatchObject({
      exitCode: expect.any(Number),
      stderr: expect.stringContaining(name),
    });
    expect((await tool(['run', '--name', name, await image(), 'true'])).exitCode).toBe(125);
    await gone(name);
    await ok(['create', '--name', name, await image(), 'true']);
    await gone(name);
  });

  container.test('of two commands at once on one name exactly one wins', async () => {
    const reference = await image();
    for (let round = 0; round < 5; round++) {
      const name = uniqueName();
      const results = await Promise.all(
        Array.from({ length: 4 }, async () => tool(['create', '--name', name, reference, 'true'])),
      );
      expect(results.map(({ exitCode }) => exitCode === 0).filter(Boolean)).toHaveLength(1);
      for (const { exitCode, stderr } of results) if (exitCode !== 0) expect(stderr).toContain(name);
      expect((await ok(['ps', '-aq', '--filter', `name=^${name}$`])).split('\n')).toHaveLength(1);
      await gone(name);
    }
    expect(readdirSync(join(sandbox().dataRoot, 'containers'))).toEqual([]);
  });

  container.test('start and rm -f of one container at once leave it whole or gone', async () => {
    for (let round = 0; round < 5; round++) {
      const name = uniqueName();
      await ok(['create', '--name', name, await image(), 'sleep', '1000']);
      const [, removed] = await Promise.all([tool(['start', name]), tool(['rm', '-f', name])]);
      if (removed.exitCode === 0) expect(await ok(['ps', '-aq', '--filter', `name=^${name}$`])).toBe('');
      else await gone(name);
    }
  });

  container.test('an id’s unique prefix names the container; an ambiguous one does not', async () => {
    const ids = await Promise.all(Array.from({ length: 17 }, async () => ok(['create', await image(), 'true'])));
    const [id = ''] = ids;
    expect(await ok(['inspect', '--format', '{{.Id}}', id.slice(0, 12)])).toBe(id);
    // of 17 ids two begin with the same digit
    const digits = ids.map((each) => each[0] ?? '');
    const double = digits.find((digit, index) => digits.indexOf(digit) !== index) ?? '';
    expect((await tool(['container', 'inspect', double])).exitCode).toBe(1);
    await gone(...ids);
  });

  container.test('without --name there is one of the form adjective_surname', async () => {
    const id = await ok(['create', await image(), 'true']);
    expect(await ok(['inspect', '--format', '{{.Name}}', id])).toMatch(/^\/[a-z]+_[a-z]+\d?$/);
    await gone(id);
  });
});

describe('exec', () => {
  container.test('runs in the container with its environment and directory', async () => {
    const name = await sleeping('-e', 'GIVEN=yes', '-w', '/etc');
    expect(await ok(['exec', name, 'sh', '-c', 'echo $GIVEN $(pwd)'])).toBe('yes /etc');
    expect(await ok(['exec', '-e', 'MORE=1', '-w', '/tmp', name, 'sh', '-c', 'echo $GIVEN $MORE $(pwd)'])).toBe(
      'yes 1 /tmp',
    );
    await gone(name);
  });

  container.test('returns exit codes as run does', async () => {
    const name = await sleeping();
    expect((await tool(['exec', name, 'sh', '-c', 'exit 12'])).exitCode).toBe(12);
    expect((await tool(['exec', name, '/nope'])).exitCode).toBe(127);
    expect((await tool(['exec', name, '/etc/not-executable'])).exitCode).toBe(126);
    expect((await tool(['exec', name, 'sh', '-c', 'kill -9 $$'])).exitCode).toBe(137);
    expect((await tool(['exec', 'no-such-container', 'true'])).exitCode).toBe(1);
    await gone(name);
    const stopped = uniqueName();
    await ok(['create', '--name', stopped, await image(), 'true']);
    expect(await tool(['exec', stopped, 'true'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('not running'),
    });
    await gone(stopped);
  });

  container.test('-i passes stdin; streams stay apart and exact', async () => {
    const name = await sleeping();
    const result = await tool(['exec', '-i', name, 'sh', '-c', 'cat; echo err >&2'], { input: 'in\n' });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'in\n', stderr: 'err\n' });
    const bytes = await tool(['exec', name, '/bin/report', 'bytes', '5000000']);
    expect(bytes.stdoutBytes.length).toBe(5_000_000);
    await gone(name);
  });

  container.test('-d leaves it running and returns', async () => {
    const name = await sleeping();
    expect(await ok(['exec', '-d', name, 'sh', '-c', 'sleep 0.2; touch /tmp/done'])).toBe('');
    await poll(async () => (await tool(['exec', name, 'test', '-e', '/tmp/done'])).exitCode === 0);
    await gone(name);
  });

  requires('userns', 'subids', 'busybox').test('-u runs as another user of the image', async () => {
    const name = await sleeping();
    expect(await ok(['exec', '-u', 'alice', name, 'id', '-un'])).toBe('alice');
    await gone(name);
  });

  container.test('ends when the container ends', async () => {
    const name = await sleeping();
    const inside = startTool(['exec', name, 'sleep', '1000']);
    await poll(
      async () =>
        (await ok(['exec', name, 'ps'])).split('\n').length >= 3 &&
        /sleep 1000[^]*sleep 1000/.test(await ok(['exec', name, 'ps'])),
    );
    await ok(['kill', name]);
    expect(toResult(await inside).exitCode).toBe(137);
    await gone(name);
  });
});

describe('ps and inspect', () => {
  container.test('ps lists running containers, -a all, -q ids, -n and filters some', async () => {
    const first = await sleeping('-l', 'set=one');
    const second = uniqueName();
    await ok(['create', '--name', second, '-l', 'set=two', await image(), 'echo', 'x']);
    const names = async (...options: readonly string[]): Promise<readonly string[]> =>
      (await ok(['ps', '--format', '{{.Names}}', ...options])).split('\n').filter((line) => line !== '');
    expect(await names()).toEqual([first]);
    expect(await names('-a')).toEqual([second, first]);
    expect(await names('-a', '--filter', 'status=created')).toEqual([second]);
    expect(await names('-a', '--filter', 'label=set=one')).toEqual([first]);
    expect(await names('-a', '--filter', `name=${second}`)).toEqual([second]);
    expect(await names('-n', '1')).toEqual([second]);
    expect(await ok(['ps', '-q'])).toMatch(/^[0-9a-f]{12}$/);
    const table = (await ok(['ps', '-a'])).split('\n');
    expect(table[0]).toMatch(/^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES$/);
    expect(table[1]).toMatch(/"echo x"\s+.*ago\s+Created/);
    expect(table[2]).toMatch(/Up .*second/);
    await gone(first, second);
  });

  container.test('inspect is docker’s object', async () => {
    const name = await sleeping('-e', 'A=b', '--hostname', 'box');
    const [found] = JSON.parse(await ok(['inspect', name])) as [Record<string, unknown>];
    expect(found).toMatchObject({
      Id: expect.stringMatching(/^[0-9a-f]{64}$/),
      Name: `/${name}`,
      Path: 'sleep',
      Args: ['1000'],
      Image: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      State: {
        Status: 'running',
        Running: true,
        Paused: false,
        Dead: false,
        ExitCode: 0,
        StartedAt: expect.stringMatching(/^20/),
      },
      Config: {
        Hostname: 'box',
        Cmd: ['sleep', '1000'],
        Env: expect.arrayContaining(['A=b']),
        Tty: false,
        OpenStdin: false,
      },
      HostConfig: { AutoRemove: false, Privileged: false },
    });
    await gone(name);
  });

  container.test('inspect of an unknown object prints an empty list and fails', async () => {
    const result = await tool(['inspect', 'no-such-object']);
    expect(result).toMatchObject({ exitCode: 1, stdout: '[]\n', stderr: expect.stringContaining('no-such-object') });
  });
});
