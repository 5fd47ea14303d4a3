// SPDX-License-Identifier: Apache-2.0
// What the network process cannot do, and what remains when it, or who needs it, is killed.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { agentPid, netdPid } from '../support/netd.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { readText } from '../support/sandbox.js';
import { image, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

const status = (pid: number | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readText(`/proc/${String(pid)}/status`)
      .split('\n')
      .map((line) => line.split(':\t'))
      .map(([key = '', value = '']) => [key, value.trim()]),
  );

const startSleeper = async (): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, '--network', 'bridge', await image(), 'sleep', '100']);
  return name;
};

/** Sockets, locks and other files below the runtime directory, of whatever depth. */
const runtimeFiles = (): readonly string[] =>
  readdirSync(join(sandbox().directory, 'run/sampan'), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name);

const resolves = async (inside: string, name: string): Promise<boolean> =>
  (await tool(['exec', inside, 'busybox', 'nslookup', name])).exitCode === 0;

describe('the process that reads packets', () => {
  container.test('has no capability, gains none, and is filtered', async () => {
    const name = await startSleeper();
    expect(status(netdPid())).toMatchObject({
      CapEff: '0000000000000000',
      CapPrm: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
    });
    await ok(['rm', '-f', name]);
  });

  container.test('sees no file of the host', async () => {
    const name = await startSleeper();
    const mounts = readText(`/proc/${String(netdPid())}/mountinfo`)
      .trimEnd()
      .split('\n');
    expect(mounts).toEqual([expect.stringMatching(/ \/ \/ ro,nosuid,nodev,noexec[, ].* tmpfs /)]);
    await ok(['rm', '-f', name]);
  });

  container.test('is served by one that has three capabilities and a filter', async () => {
    const name = await startSleeper();
    // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_SYS_ADMIN, in the user namespace of the networks
    expect(status(agentPid())).toMatchObject({ CapEff: '0000000000201400', NoNewPrivs: '1', Seccomp: '2' });
    await ok(['rm', '-f', name]);
  });

  container.test('is served by one that ps shows under its own name, and nothing else', async () => {
    const name = await startSleeper();
    expect(readText(`/proc/${String(agentPid())}/cmdline`)).toMatch(/^sampan-agent [0-9a-f]+\0$/);
    await ok(['rm', '-f', name]);
  });

  container.test('is reached by its user alone', async () => {
    const name = await startSleeper();
    const [socket = ''] = readdirSync(join(sandbox().directory, 'run/sampan'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('/netd'))
      .map((path) => join(sandbox().directory, 'run/sampan', path));
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await ok(['rm', '-f', name]);
  });
});

describe('after kill -9', () => {
  container.test('of the process that makes networks, both are started again', async () => {
    const [one, two] = [await startSleeper(), await startSleeper()];
    const [netd, agent] = [netdPid(), agentPid()];
    process.kill(agent ?? 0, 'SIGKILL');
    await poll(() => agentPid() !== undefined && agentPid() !== agent && netdPid() !== netd);
    await poll(() => resolves(one, two));
    await ok(['rm', '-f', one, two]);
  });

  container.test('of netd, its agent ends, and the next pair takes over', async () => {
    const [one, two] = [await startSleeper(), await startSleeper()];
    const [netd, agent] = [netdPid(), agentPid()];
    process.kill(netd ?? 0, 'SIGKILL');
    await poll(() => agentPid() !== undefined && agentPid() !== agent && netdPid() !== undefined && netdPid() !== netd);
    await poll(() => resolves(one, two));
    await ok(['rm', '-f', one, two]);
  });

  container.test('of the monitor, the container and netd, nothing stays', async () => {
    const name = await startSleeper();
    const monitors = monitorsOf(await ok(['inspect', '-f', '{{.State.Pid}}', name]));
    for (const pid of [...monitors, netdPid() ?? 0]) process.kill(pid, 'SIGKILL');
    await poll(() => netdPid() === undefined && agentPid() === undefined, { timeoutMs: 10_000 });
    await ok(['rm', '-f', name]);
    await poll(() => netdPid() === undefined && agentPid() === undefined, { timeoutMs: 10_000 });
    expect(runtimeFiles()).toEqual([]);
  });
});

/** The init process of a container, and the monitor that is its parent: first, so that it cannot act. */
const monitorsOf = (pid: string): readonly number[] => {
  const parent = Number(status(Number(pid))['PPid']);
  return [parent, Number(pid)];
};
