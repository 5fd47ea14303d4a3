// SPDX-License-Identifier: Apache-2.0
// Health checks: probes that the monitor runs in the container.

import { gone } from '../support/containers.js';
import { requires } from '../support/requires.js';
import { childrenOf, isZombie, monitorOf } from '../support/monitor.js';
import { poll } from '../support/poll.js';
import { processIds, readText } from '../support/sandbox.js';
import { image, loadImage, ok, startTool, stateOf, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
}

const fast = ['--health-interval', '100ms', '--health-timeout', '20s'];

/** A sleeping container with this health check. */
const probed = async (command: string, ...options: readonly string[]): Promise<string> => {
  const name = uniqueName('health');
  await ok(['run', '-d', '--name', name, '--health-cmd', command, ...fast, ...options, await image(), 'sleep', '1000']);
  return name;
};

const healthOf = async (name: string): Promise<Health> =>
  JSON.parse(await ok(['inspect', '-f', '{{json .State.Health}}', name])) as Health;

const until = async (name: string, condition: (health: Health) => boolean): Promise<Health> => {
  let seen = await healthOf(name);
  await poll(async () => condition((seen = await healthOf(name))), { what: `${name}: ${JSON.stringify(seen)}` });
  return seen;
};
const has =
  (status: string) =>
  ({ Status }: Health): boolean =>
    Status === status;

const psStatus = (name: string): Promise<string> =>
  ok(['ps', '-a', '--filter', `name=${name}`, '--format', '{{.Status}}']);

/** Processes anywhere on the machine whose arguments hold this word. */
const withArgument = (word: string): readonly number[] =>
  processIds().filter((pid) => pid !== process.pid && readText(`/proc/${String(pid)}/cmdline`).includes(word));

describe('status', () => {
  container.test('starting, healthy, unhealthy and back, in inspect, ps and its filter', async () => {
    const fresh = await probed('true', '--health-interval', '1h');
    expect(await healthOf(fresh)).toMatchObject({ Status: 'starting', FailingStreak: 0, Log: [] });
    expect(await psStatus(fresh)).toMatch(/^Up .* \(health: starting\)$/);
    const name = await probed('test -e /fine', '--health-retries', '2');
    const sick = await until(name, has('unhealthy'));
    expect(sick.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(await psStatus(name)).toMatch(/^Up .* \(unhealthy\)$/);
    await ok(['exec', name, 'touch', '/fine']);
    expect(await until(name, has('healthy'))).toMatchObject({ FailingStreak: 0 });
    expect(await psStatus(name)).toMatch(/^Up .* \(healthy\)$/);
    const other = uniqueName('health');
    await ok(['run', '-d', '--name', other, await image(), 'sleep', '1000']);
    const filtered = (health: string): Promise<string> =>
      ok(['ps', '--filter', `health=${health}`, '--format', '{{.Names}}']);
    expect(await filtered('healthy')).toBe(name);
    expect(await filtered('none')).toBe(other);
    expect(await filtered('unhealthy')).toBe('');
    expect(await filtered('starting')).toBe(fresh);
    expect(await tool(['ps', '--filter', 'health=fine'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('health=fine'),
    });
    await gone(fresh, name, other);
  });

  container.test(
    'a stopped container is unhealthy and keeps its results; one without a check has no health',
    async () => {
      const name = await probed('echo result');
      await until(name, has('healthy'));
      await ok(['stop', '-t', '0', name]);
      const after = await healthOf(name);
      expect(after.Status).toBe('unhealthy');
      expect(after.Log[0]).toMatchObject({ ExitCode: 0, Output: 'result\n' });
      expect(await psStatus(name)).toMatch(/^Exited \(137\) [^(]*$/);
      await gone(name);
      const plain = uniqueName('health');
      await ok(['create', '--name', plain, await image(), 'true']);
      expect(await ok(['inspect', '-f', '{{json .State.Health}}', plain])).toBe('null');
      await gone(plain);
    },
  );

  container.test('failures within the start period do not count, and probes come in the start interval', async () => {
    const name = await probed(
      'exit 1',
      ...['--health-start-period', '1h', '--health-start-interval', '100ms', '--health-interval', '1h'],
    );
    expect(await until(name, ({ Log }) => Log.length === 5)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    await gone(name);
  });

  container.test('a container that is restarted starts as starting, with its earlier results', async () => {
    const name = uniqueName('health');
    const first = 'touch /second; until test -e /over; do sleep 0.1; done; exit 1';
    const command = ['sh', '-c', `test -e /second && exec sleep 1000; ${first}`];
    await ok([
      ...['run', '-d', '--restart', 'on-failure', '--name', name],
      ...['--health-cmd', 'test ! -e /third', '--health-interval', '300ms', '--health-retries', '1'],
      ...[await image(), ...command],
    ]);
    await until(name, has('healthy'));
    await ok(['exec', name, 'touch', '/over']);
    await poll(async () => (await ok(['inspect', '-f', '{{.RestartCount}} {{.State.Status}}', name])) === '1 running');
    const after = await until(name, has('healthy'));
    expect(after.Log.length).toBeGreaterThan(1);
    await gone(name);
  });
});

describe('probes', () => {
  container.test('run as the container’s user, with its environment and directory, and see it', async () => {
    const name = await probed(
      'id -u; id -g; pwd; echo $GIVEN; hostname; test ! -t 0 && cat; exit 0',
      ...['-u', '1000:100', '-w', '/etc', '-e', 'GIVEN=yes', '-h', 'box'],
    );
    const { Log } = await until(name, has('healthy'));
    expect(Log[0]?.Output).toBe('1000\n100\n/etc\nyes\nbox\n');
    await gone(name);
  });

  container.test('CMD, CMD-SHELL with the image’s shell, and NONE of an image', async () => {
    const run = async (config: object, ...options: readonly string[]): Promise<string> => {
      const name = uniqueName('health');
      const reference = await loadImage({ config: { Cmd: ['sleep', '1000'], Env: ['PATH=/bin'], ...config } });
      await ok(['run', '-d', '--name', name, ...options, reference]);
      return name;
    };
    const interval = { Interval: 100_000_000 };
    const cmd = await run({ Healthcheck: { Test: ['CMD', 'echo', '$HOME', 'a b'], ...interval } });
    expect((await until(cmd, has('healthy'))).Log[0]?.Output).toBe('$HOME a b\n');
    const shell = await run({
      Shell: ['/bin/sh', '-x', '-c'],
      Healthcheck: { Test: ['CMD-SHELL', 'echo $((1 + 1))'], ...interval },
    });
    expect((await until(shell, has('healthy'))).Log[0]?.Output).toContain('+ echo 2\n2\n');
    const none = await run({ Healthcheck: { Test: ['NONE'] } });
    const off = await run({ Healthcheck: { Test: ['CMD', 'true'] } }, '--no-healthcheck');
    for (const name of [none, off]) expect(await ok(['inspect', '-f', '{{json .State.Health}}', name])).toBe('null');
    const merged = await run(
      { Healthcheck: { Test: ['CMD', 'false'], ...interval, Retries: 7 } },
      '--health-retries',
      '1',
    );
    expect(await until(merged, has('unhealthy'))).toMatchObject({ FailingStreak: expect.any(Number) });
    expect(await ok(['inspect', '-f', '{{json .Config.Healthcheck}}', merged])).toBe(
      '{"Test":["CMD","false"],"Interval":100000000,"Retries":1}',
    );
    await gone(cmd, shell, none, off, merged);
  });

  container.test(
    'keep 4096 bytes of output, of both streams, whatever they are, and the last five results',
    async () => {
      const name = await probed("echo err >&2; printf '\\377\\000\"'; head -c 100000 /dev/zero | tr '\\0' x");
      const { Log } = await until(name, (health) => health.Log.length === 5);
      expect(Log[0]?.Output.startsWith('err\n\ufffd\u0000"x')).toBe(true);
      expect(Log[0]?.Output.endsWith('x...')).toBe(true);
      expect(Log[0]?.Output.length).toBe(4096 + '...'.length);
      const before = Log[4]?.Start ?? '';
      const later = await until(name, (health) => health.Log.length === 5 && (health.Log[0]?.Start ?? '') > before);
      expect(later.Log.map(({ Start }) => Start)).toEqual(later.Log.map(({ Start }) => Start).toSorted());
      await gone(name);
    },
  );

  container.test('that cannot be executed, and those killed by a signal, are failures that say so', async () => {
    const name = uniqueName('health');
    const reference = await loadImage({
      config: { Cmd: ['sleep', '1000'], Healthcheck: { Test: ['CMD', '/nope'], Interval: 100_000_000, Retries: 1 } },
    });
    await ok(['run', '-d', '--name', name, reference]);
    expect((await until(name, has('unhealthy'))).Log[0]).toMatchObject({
      ExitCode: -1,
      Output: 'exec: "/nope": executable file not found',
    });
    const killed = await probed('kill -9 $$', '--health-retries', '1');
    expect((await until(killed, has('unhealthy'))).Log[0]).toMatchObject({ ExitCode: 137 });
    await gone(name, killed);
  });

  container.test('that take too long are killed with everything of their process group', async () => {
    const word = uniqueName('stuck');
    const stuck = `trap '' TERM HUP; echo begun; sh -c 'sleep 1001; : ${word}' & sh -c 'sleep 1002; : ${word}'`;
    const name = await probed(
      stuck,
      ...['--init', '--health-timeout', '3s', '--health-retries', '1', '--health-interval', '1s'],
    );
    expect((await until(name, has('unhealthy'))).Log[0]).toMatchObject({
      ExitCode: -1,
      Output: 'Health check exceeded timeout (3s): begun\n',
    });
    await ok(['exec', name, 'true']);
    // the init process needs a moment for those that the next probe leaves
    await poll(async () => !/^Z/m.test(await ok(['exec', name, 'ps', '-o', 'stat,args'])), { what: 'no zombie' });
    // at most the one probe that may be at work just now
    expect(withArgument(word).length).toBeLessThanOrEqual(5);
    await gone(name);
    expect(withArgument(word)).toEqual([]);
  });

  container.test('that stop themselves are killed in time, too', async () => {
    const name = await probed('kill -STOP $$', '--health-timeout', '200ms', '--health-retries', '1');
    expect((await until(name, has('unhealthy'))).Log[0]).toMatchObject({ ExitCode: -1 });
    await gone(name);
  });

  container.test('may leave something in the background, which does not hold their result up', async () => {
    const name = await probed('sleep 1003 & echo ok');
    expect((await until(name, has('healthy'))).Log[0]).toMatchObject({ ExitCode: 0, Output: 'ok\n' });
    await gone(name);
  });

  container.test('leave no zombie, no child and no descriptor in the monitor', async () => {
    const name = await probed('true', '--health-interval', '20ms');
    const monitor = monitorOf(name) ?? 0;
    const fdSize = (): string | undefined => /^FDSize:\t(\d+)$/m.exec(readText(`/proc/${String(monitor)}/status`))?.[1];
    await until(name, has('healthy'));
    const before = fdSize();
    const { Log } = await healthOf(name);
    await until(name, (health) => health.Log.length === 5 && (health.Log[0]?.Start ?? '') > (Log.at(-1)?.Start ?? ''));
    // the next probe may begin and end at any moment
    await poll(() => {
      const children = childrenOf(monitor);
      return children.length === 1 && !children.some(isZombie);
    });
    expect(fdSize()).toBe(before);
    await gone(name);
  });
});

describe('the end of the container in the middle of a probe', () => {
  const stuck = async (...options: readonly string[]): Promise<{ name: string; word: string }> => {
    const word = uniqueName('endless');
    const name = await probed(`trap '' TERM; sh -c 'sleep 1004; : ${word}'`, ...options);
    await poll(() => withArgument(word).length >= 1);
    return { name, word };
  };

  container.test('stop and kill -9 of the init leave nothing of it, and the exit is recorded', async () => {
    for (const end of ['stop', 'kill'] as const) {
      const { name, word } = await stuck();
      if (end === 'stop') await ok(['stop', '-t', '0', name]);
      else process.kill((await stateOf(name)).Pid, 'SIGKILL');
      expect(await ok(['wait', name])).toBe('137');
      expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 137 });
      expect(withArgument(word)).toEqual([]);
      await poll(() => monitorOf(name) === undefined);
      await gone(name);
    }
  });

  container.test('kill -9 of the init of a container that restarts: it is probed again', async () => {
    const { name, word } = await stuck('--restart', 'always');
    const first = (await stateOf(name)).Pid;
    process.kill(first, 'SIGKILL');
    await poll(async () => ![0, first].includes((await stateOf(name)).Pid));
    await poll(() => withArgument(word).length >= 1);
    expect(await healthOf(name)).toMatchObject({ Status: 'starting', Log: [] });
    await gone(name);
    expect(withArgument(word)).toEqual([]);
  });

  container.test('kill -9 of the monitor ends the probe with the container', async () => {
    const { name, word } = await stuck();
    process.kill(monitorOf(name) ?? 0, 'SIGKILL');
    await poll(() => withArgument(word).length === 0);
    expect(await stateOf(name)).toMatchObject({ Status: 'exited', ExitCode: 137, Error: 'the monitor was killed' });
    expect(await healthOf(name)).toMatchObject({ Status: 'unhealthy' });
    await gone(name);
  });

  container.test('exec in a container that is about to end says that it is not running', async () => {
    for (let round = 0; round < 8; round++) {
      const name = await probed('true');
      const execs = Array.from({ length: 3 }, () => startTool(['exec', name, 'sleep', '1000']));
      await ok(['kill', name]);
      for (const exec of execs) {
        const { exitCode, stderr } = toResult(await exec);
        if (exitCode === 1) expect(stderr).toMatch(/is not running/);
        else expect(exitCode).toBe(137);
      }
      await gone(name);
    }
  });
});
