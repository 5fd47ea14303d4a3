// SPDX-License-Identifier: Apache-2.0
// exec, ps and inspect: what is done to and asked about a running container.

import { gone, sleeping } from '../support/containers.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, startTool, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

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
