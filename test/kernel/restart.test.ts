// SPDX-License-Identifier: Apache-2.0
// Restart policies: a container that its monitor starts again, without any command being alive.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gone } from '../support/containers.js';
import { poll, sleep } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { childrenOf, monitorOf } from '../support/monitor.js';
import { readText } from '../support/sandbox.js';
import { image, ok, sandbox, startPiped, startTool, stateOf, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

/** A container that writes its run number to /runs and the log, then does as told. */
const counting = async (then: string, ...options: readonly string[]): Promise<string> => {
  const name = uniqueName('restart');
  const script = `echo x >> /runs; echo "run $(wc -l < /runs)"; ${then}`;
  await ok(['run', '-d', '--name', name, ...options, await image(), 'sh', '-c', script]);
  return name;
};

interface Inspected {
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Restarting: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
}
const inspect = async (name: string): Promise<Inspected> => (JSON.parse(await ok(['inspect', name])) as [Inspected])[0];

const until = async (name: string, condition: (seen: Inspected) => boolean): Promise<Inspected> => {
  let seen = await inspect(name);
  await poll(async () => condition((seen = await inspect(name))), { what: `${name}: ${JSON.stringify(seen)}` });
  return seen;
};
const restarted = (times: number) => (seen: Inspected) => seen.RestartCount >= times && seen.State.Status === 'running';
const exited = ({ State }: Inspected): boolean => State.Status === 'exited';

/** Fails at once and so gets ever longer pauses: caught in one that lasts long enough to look at (the fifth: 1.6 s). */
const waiting = async ({ pause = 5, otherwise = 'true' } = {}): Promise<string> => {
  const name = await counting(`${otherwise}; exit 7`, '--restart', 'always');
  await until(name, ({ RestartCount, State }) => RestartCount >= pause && State.Status === 'restarting');
  return name;
};

const hasMonitor = (name: string): boolean => monitorOf(name) !== undefined;

describe('policies', () => {
  container.test('on-failure:N restarts N times, in the same log, and keeps the code', async () => {
    const name = await counting('exit 3', '--restart', 'on-failure:2');
    const end = await until(name, exited);
    expect(end).toMatchObject({
      RestartCount: 2,
      State: { Running: false, Restarting: false, Pid: 0, ExitCode: 3, Error: '' },
    });
    expect(await ok(['logs', name])).toBe('run 1\nrun 2\nrun 3');
    expect(Date.parse(end.State.FinishedAt)).toBeGreaterThanOrEqual(Date.parse(end.State.StartedAt));
    await gone(name);
  });

  container.test('on-failure leaves a container that succeeded alone', async () => {
    const name = await counting('test $(wc -l < /runs) -ge 2', '--restart', 'on-failure');
    expect(await until(name, exited)).toMatchObject({ RestartCount: 1, State: { ExitCode: 0 } });
    await gone(name);
  });

  container.test('always and unless-stopped restart after a success and after SIGKILL from outside', async () => {
    for (const policy of ['always', 'unless-stopped']) {
      const name = await counting('test $(wc -l < /runs) -ge 2 || exit 0; sleep 1000', '--restart', policy);
      const { State } = await until(name, restarted(1));
      process.kill(State.Pid, 'SIGKILL');
      const after = await until(name, restarted(2));
      expect(after.State.Pid).not.toBe(State.Pid);
      expect(after.State.StartedAt > State.StartedAt).toBe(true);
      expect(await ok(['inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', name])).toBe(policy);
      await gone(name);
    }
  });

  container.test('--rm and --restart exclude each other', async () => {
    for (const verb of ['run', 'create']) {
      expect(await tool([verb, '--rm', '--restart', 'always', await image(), 'true'])).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining('cannot specify both --restart and --rm'),
      });
    }
    expect(await tool(['run', '--rm', '--restart', 'no', await image(), 'true'])).toMatchObject({ exitCode: 0 });
  });

  container.test('a first start that fails is not tried again', async () => {
    const name = uniqueName('restart');
    const failed = await tool(['run', '-d', '--restart', 'always', '--name', name, await image(), '/nope']);
    expect(failed.exitCode).toBe(127);
    await poll(() => !hasMonitor(name));
    expect((await stateOf(name)).Status).toBe('created');
    await gone(name);
  });

  container.test('a restart that fails is the end, and inspect says why', async () => {
    const name = await counting('rm /bin/sh; exit 0', '--restart', 'always');
    const end = await until(name, exited);
    expect(end).toMatchObject({ RestartCount: 1, State: { ExitCode: 128 } });
    expect(end.State.Error).toContain('the restart failed: exec: sh');
    expect(hasMonitor(name)).toBe(false);
    await gone(name);
  });

  container.test('a restarted container has its isolation, its init and its terminal again', async () => {
    const script = 'test -e /second && exec sleep 1000; touch /second; exit 1';
    const name = uniqueName('restart');
    await ok([
      'run',
      '-dt',
      '--init',
      '--restart',
      'always',
      '-h',
      'box',
      '--name',
      name,
      await image(),
      'sh',
      '-c',
      script,
    ]);
    await until(name, restarted(1));
    expect(await ok(['exec', name, 'sh', '-c', 'hostname; cat /proc/1/comm; test -t 0 || ls -l /proc/1/fd/0'])).toMatch(
      /^box\nsampan-init\n/,
    );
    expect(await ok(['exec', name, 'ls', '-l', '/dev/console'])).toMatch(/^c/);
    await gone(name);
  });
});

describe('ending it for good', () => {
  container.test('stop ends a running container whatever its policy, and start begins to count anew', async () => {
    for (const policy of ['always', 'unless-stopped', 'on-failure']) {
      const name = await counting('sleep 1000', '--restart', policy);
      await ok(['stop', '-t', '0', name]);
      expect(await inspect(name)).toMatchObject({ RestartCount: 0, State: { Status: 'exited', ExitCode: 137 } });
      expect(hasMonitor(name)).toBe(false);
      await ok(['start', name]);
      process.kill((await stateOf(name)).Pid, 'SIGKILL');
      await until(name, restarted(1));
      await gone(name);
    }
  });

  container.test('stop, kill and rm -f end it while it waits for its next start', async () => {
    for (const verb of [['stop'], ['kill'], ['kill', '-s', 'TERM'], ['rm', '-f']]) {
      const name = await waiting({ pause: 6 });
      const runs = await ok(['logs', name]);
      await ok([...verb, name]);
      await poll(() => !hasMonitor(name), { what: `the monitor of ${name} ends after ${verb.join(' ')}` });
      if (verb[0] === 'rm') expect((await tool(['inspect', name])).exitCode).toBe(1);
      else {
        expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 7, Error: '' });
        expect(await ok(['logs', name])).toBe(runs);
        await gone(name);
      }
    }
  });

  container.test('kill ends it for good; a signal that its program handles does not', async () => {
    const name = await counting('trap "echo hup" HUP; while :; do sleep 0.1; done', '--restart', 'always');
    await poll(async () => (await ok(['logs', name])).includes('run 1'));
    await ok(['kill', '-s', 'HUP', name]);
    await poll(async () => (await ok(['logs', name])).includes('hup'));
    process.kill((await stateOf(name)).Pid, 'SIGKILL');
    await until(name, restarted(1));
    await ok(['kill', name]);
    expect(await until(name, exited)).toMatchObject({ RestartCount: 1, State: { ExitCode: 137 } });
    await gone(name);
  });

  container.test('SIGTERM to the monitor ends both, as a session that is closed does', async () => {
    const name = await counting('sleep 1000', '--restart', 'always', '--init');
    process.kill(monitorOf(name) ?? 0, 'SIGTERM');
    expect(await until(name, exited)).toMatchObject({ RestartCount: 0, State: { ExitCode: 143 } });
    const idle = await waiting();
    process.kill(monitorOf(idle) ?? 0, 'SIGTERM');
    expect(await until(idle, exited)).toMatchObject({ State: { ExitCode: 7 } });
    await gone(name, idle);
  });

  container.test('stop at any moment of a restart ends it', async () => {
    for (let round = 0; round < 12; round++) {
      const name = await counting('sleep 0.05', '--restart', 'always');
      await poll(() => hasMonitor(name));
      await sleep(round * 37);
      await ok(['stop', '-t', '0', name]);
      expect((await stateOf(name)).Status).toBe('exited');
      expect(hasMonitor(name)).toBe(false);
      await gone(name);
    }
  });

  container.test('restart of a container that waits starts it at once and resets the count', async () => {
    const name = await waiting({ otherwise: 'test $(wc -l < /runs) -ge 6 && exec sleep 1000' });
    await ok(['restart', name]);
    expect(await inspect(name)).toMatchObject({ RestartCount: 0, State: { Status: 'running' } });
    await gone(name);
  });
});

describe('while it waits', () => {
  container.test('ps, inspect and filters say restarting; rm, exec, attach and start -a refuse', async () => {
    const name = await waiting({ pause: 7 });
    expect(await inspect(name)).toMatchObject({
      State: { Status: 'restarting', Running: true, Restarting: true, Pid: 0, ExitCode: 7 },
    });
    expect(await ok(['ps', '--filter', `name=${name}`, '--format', '{{.State}} {{.Status}}'])).toMatch(
      /^restarting Restarting \(7\) .* ago$/,
    );
    expect(await ok(['ps', '--filter', 'status=restarting', '--format', '{{.Names}}'])).toBe(name);
    for (const command of [['rm'], ['exec', 'true'], ['attach'], ['start', '-a']]) {
      const [verb = '', ...rest] = command;
      const result = await tool([verb, ...(verb === 'start' ? [...rest, name] : [name, ...rest])]);
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is restarting') });
    }
    expect(await ok(['start', name])).toBe(name);
    await gone(name);
  });

  container.test(
    'kill -9 of the monitor: the next command tells the end of the last run, and why it stays so',
    async () => {
      const name = await waiting();
      process.kill(monitorOf(name) ?? 0, 'SIGKILL');
      await poll(() => !hasMonitor(name));
      for (let look = 0; look < 2; look++) {
        expect(await inspect(name)).toMatchObject({
          RestartCount: expect.any(Number),
          State: { Status: 'exited', ExitCode: 7, Error: expect.stringContaining('the monitor was killed') },
        });
      }
      await ok(['start', name]);
      await gone(name);
    },
  );
});

describe('clients', () => {
  container.test('a foreground run ends with the first run and its code, as docker’s does', async () => {
    const name = uniqueName('restart');
    const command = [
      'sh',
      '-c',
      'echo out; echo err >&2; echo x >> /runs; test $(wc -l < /runs) -ge 2 || exit 5; sleep 1000',
    ];
    const run = await tool(['run', '--restart', 'always', '--name', name, await image(), ...command]);
    expect(run).toMatchObject({ exitCode: 5, stdout: 'out\n', stderr: 'err\n' });
    await until(name, restarted(1));
    await gone(name);
  });

  container.test('attach and start -a end with the run they saw', async () => {
    const name = uniqueName('restart');
    await ok([
      'create',
      '--restart',
      'always',
      '--name',
      name,
      await image(),
      'sh',
      '-c',
      'echo hi; test -e /second && until test -e /over; do echo again; sleep 0.1; done; touch /second; exit 6',
    ]);
    expect(await tool(['start', '-a', name])).toMatchObject({ exitCode: 6, stdout: 'hi\n' });
    await until(name, restarted(1));
    const attached = startPiped(['attach', '--no-stdin', name]);
    await once(attached.stdout, 'data');
    await ok(['exec', name, 'touch', '/over']);
    expect(toResult(await attached)).toMatchObject({ exitCode: 6 });
    await gone(name);
  });

  container.test('wait prints the code of the next end, and ends when a stop ends the waiting', async () => {
    const name = await counting('sleep 0.5; exit 4', '--restart', 'always');
    expect(await ok(['wait', name])).toBe('4');
    await gone(name);
    const idle = await waiting();
    const wait = startTool(['wait', idle]);
    await ok(['stop', idle]);
    expect(toResult(await wait).stdout).toBe('7\n');
    await gone(idle);
  });

  container.test('logs -f goes on through restarts and ends with the last', async () => {
    const name = await counting('sleep 0.1; exit 1', '--restart', 'on-failure:3');
    expect(await ok(['logs', '-f', name])).toBe('run 1\nrun 2\nrun 3\nrun 4');
    await gone(name);
  });

  container.test('a client that does not read holds no restart up', async () => {
    const script = 'until test -e /go; do echo x; sleep 0.1; done; head -c 300000 /dev/zero | tr "\\0" x; exit 1';
    const name = await counting(script, '--restart', 'always');
    const client = startTool(['attach', '--no-stdin', name]);
    await once(client.stdout, 'data');
    process.kill(client.pid ?? 0, 'SIGSTOP');
    await ok(['exec', name, 'touch', '/go']);
    await until(name, (seen) => seen.RestartCount >= 2);
    process.kill(client.pid ?? 0, 'SIGKILL');
    await client;
    await gone(name);
  });
});

container.test('restarts leave nothing behind in the monitor: no child, no descriptor, no thread', async () => {
  const name = await counting('sleep 1000 & exit 1', '--restart', 'on-failure');
  const statusLine = (field: string): string | undefined =>
    new RegExp(`^${field}:\\t(.*)$`, 'm').exec(readText(`/proc/${String(monitorOf(name))}/status`))?.[1];
  await until(name, ({ RestartCount }) => RestartCount >= 1);
  const before = statusLine('FDSize');
  await until(name, ({ RestartCount, State }) => RestartCount >= 5 && State.Status === 'restarting');
  expect(childrenOf(monitorOf(name) ?? 0)).toEqual([]);
  expect(statusLine('FDSize')).toBe(before);
  expect(statusLine('Threads')).toBe('1');
  await gone(name);
  expect(existsSync(join(sandbox().dataRoot, 'names', name))).toBe(false);
});
