// SPDX-License-Identifier: Apache-2.0
// create, start, stop, kill, wait, restart, rm: states, names and ids.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gone, sleeping } from '../support/containers.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, loadImage, ok, sandbox, stateOf, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

/** A running container that ends at SIGTERM with code 42. */
const running = async (...options: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...options, await image(), '/bin/report', 'signals']);
  await poll(async () => (await ok(['logs', name])).includes('ready'));
  return name;
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
    // one after the other: of those that wait together the lowest number comes first
    for (const [flag, signal, number] of [
      ['-s', 'SIGUSR1', 10],
      ['--signal', '12', 12],
      ['-s', 'hup', 1],
    ] as const) {
      await ok(['kill', flag, signal, name]);
      const line = `signal ${String(number)}`;
      await poll(async () => (await ok(['logs', name])).split('\n').includes(line), { what: line });
    }
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
