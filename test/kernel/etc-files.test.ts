// SPDX-License-Identifier: Apache-2.0
// /etc/hosts and /etc/resolv.conf belong to the container: what others have written there stays while its networks
// change, and goes with the next start, as with docker.

import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'dev-net-tun');

interface Scene {
  readonly name: string;
  readonly network: string;
  readonly sh: (script: string) => Promise<string>;
}

/** A container on `bridge`, and a network that it may be connected to. */
const inScene = async (play: (scene: Scene) => Promise<void>, ...flags: readonly string[]): Promise<void> => {
  const [name, network] = [uniqueName('etc'), uniqueName('net')];
  await ok(['network', 'create', '--subnet', '10.231.44.0/24', network]);
  try {
    await ok(['run', '-d', '--name', name, '--hostname', 'box', ...flags, await image(), 'sleep', '100']);
    await play({ name, network, sh: (script) => ok(['exec', name, 'sh', '-c', script]) });
  } finally {
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', network]);
  }
};

const connected = '10.231.44.2\tbox\n';

container.test('lines of others stay in /etc/hosts while networks come and go, and go with a start', async () => {
  await inScene(async ({ name, network, sh }) => {
    const fresh = await sh('cat /etc/hosts');
    await sh(`echo '192.0.2.7 mine' >>/etc/hosts; printf '192.0.2.8 unfinished' >>/etc/hosts`);
    await ok(['network', 'connect', network, name]);
    const both = await sh('cat /etc/hosts');
    expect(both).toContain(`192.0.2.7 mine\n192.0.2.8 unfinished\n${connected.trim()}`);
    expect(both).toContain(fresh);
    await ok(['network', 'disconnect', 'bridge', name]);
    const one = await sh('cat /etc/hosts');
    expect(one).toContain('192.0.2.7 mine\n192.0.2.8 unfinished\n');
    expect(one.match(/\tbox$/gm)).toEqual(['\tbox']);
    expect(one).toContain(connected.trim());
    await ok(['restart', '-t', '0', name]);
    expect(await sh('cat /etc/hosts')).toBe(fresh.replace(/^.*\tbox$/m, connected.trim()));
  });
});

container.test('what nobody has changed is as a start writes it', async () => {
  await inScene(async ({ name, network, sh }) => {
    const [hosts, resolvConf] = [await sh('cat /etc/hosts'), await sh('cat /etc/resolv.conf')];
    await ok(['network', 'connect', network, name]);
    await ok(['network', 'disconnect', 'bridge', name]);
    expect(await sh('cat /etc/resolv.conf')).toBe(resolvConf.replace(/^nameserver .*$/m, 'nameserver 10.231.44.1'));
    await ok(['network', 'connect', 'bridge', name]);
    await ok(['network', 'disconnect', network, name]);
    expect([await sh('cat /etc/hosts'), await sh('cat /etc/resolv.conf')]).toEqual([hosts, resolvConf]);
  });
});

container.test('a changed resolv.conf keeps its lines, and names the server that answers', async () => {
  await inScene(async ({ name, network, sh }) => {
    await sh(
      `{ echo '# mine'; cat /etc/resolv.conf; echo 'options timeout:3'; } >/tmp/r; cat /tmp/r >/etc/resolv.conf`,
    );
    const before = await sh('cat /etc/resolv.conf');
    await ok(['network', 'connect', network, name]);
    expect(await sh('cat /etc/resolv.conf')).toBe(before);
    await ok(['network', 'disconnect', 'bridge', name]);
    const after = await sh('cat /etc/resolv.conf; busybox nslookup box 2>&1 | grep Address');
    expect(after).toContain(before.replace(/^nameserver .*$/m, 'nameserver 10.231.44.1'));
    expect(after).toContain('10.231.44.2');
    await sh('echo nameserver 192.0.2.53 >/etc/resolv.conf');
    await ok(['network', 'connect', 'bridge', name]);
    await ok(['network', 'disconnect', network, name]);
    expect(await sh('cat /etc/resolv.conf')).toBe('nameserver 192.0.2.53');
    await ok(['restart', '-t', '0', name]);
    expect(await sh('cat /etc/resolv.conf')).not.toContain('192.0.2.53');
  });
});

describe('a file that the container has spoilt is left alone with a warning, and is there again with the next start', () => {
  const spoilt = [
    ['is huge', 'busybox truncate -s 2M /etc/hosts', 'larger than'],
    ['nobody may write', 'busybox chmod 0 /etc/hosts', 'its owner or mode was changed inside'],
    ['belongs to a user of the container', 'busybox chown 7:7 /etc/hosts', 'its owner or mode was changed inside'],
  ] as const;
  for (const [what, script, reason] of spoilt) {
    container.test(`that ${what}`, async () => {
      await inScene(async ({ name, network, sh }) => {
        const fresh = await sh('cat /etc/hosts');
        await sh(script);
        for (const change of ['connect', 'disconnect']) {
          const result = await tool(['network', change, network, name]);
          expect(result).toMatchObject({ exitCode: 0, stdout: '' });
          expect(result.stderr).toContain(`warning: /etc/hosts of container ${name} stays as it is: `);
          expect(result.stderr).toContain(reason);
        }
        await ok(['restart', '-t', '0', name]);
        expect(await sh('cat /etc/hosts')).toBe(fresh);
      });
    });
  }
});

for (const network of ['none', 'host']) {
  container.test(`a start writes the files anew with --network ${network}, too`, async () => {
    const name = uniqueName('etc');
    await ok(['run', '-d', '--name', name, '--network', network, await image(), 'sleep', '100']);
    const look = ['exec', name, 'sh', '-c', 'cat /etc/hosts /etc/hostname /etc/resolv.conf'];
    const fresh = await ok(look);
    await ok(['exec', name, 'sh', '-c', 'for file in hosts hostname resolv.conf; do echo changed >/etc/$file; done']);
    await ok(['restart', '-t', '0', name]);
    expect(await ok(look)).toBe(fresh);
    await ok(['rm', '-f', name]);
  });
}

container.test('containers that share a network keep the file of the one that has it, over its start', async () => {
  await inScene(async ({ name, network, sh }) => {
    const sharing = uniqueName('sharing');
    const see = ['exec', sharing, 'sh', '-c', 'cat /etc/hosts'];
    await ok(['run', '-d', '--name', sharing, '--network', `container:${name}`, await image(), 'sleep', '100']);
    await ok(['network', 'connect', network, name]);
    expect(await ok(see)).toBe(await sh('cat /etc/hosts'));
    await ok(['restart', '-t', '0', name]);
    expect(await ok(see)).toBe(await sh('cat /etc/hosts'));
    await ok(['rm', '-f', sharing]);
  });
});

container.test(
  'a restart by the policy writes the files anew, too, as the networks are by then',
  async () => {
    await inScene(
      async ({ name, network, sh }) => {
        const restart = async (count: number): Promise<void> => {
          process.kill(Number(await ok(['inspect', '-f', '{{.State.Pid}}', name])), 'SIGKILL');
          const wanted = `${String(count)} running`;
          await poll(async () => (await ok(['inspect', '-f', '{{.RestartCount}} {{.State.Status}}', name])) === wanted);
        };
        const look = 'cat /etc/hosts /etc/hostname /etc/resolv.conf';
        const fresh = await sh(look);
        await sh('for file in hosts hostname resolv.conf; do echo mine >>/etc/$file; done');
        await restart(1);
        expect(await sh(look)).toBe(fresh);
        await sh('echo mine >>/etc/hosts');
        await ok(['network', 'connect', network, name]);
        const both = await sh(look);
        await sh('busybox chmod 0 /etc/hosts');
        await restart(2);
        const lines = (text: string): readonly string[] => text.split('\n').sort();
        expect(lines(await sh(look))).toEqual(lines(both).filter((line) => line !== 'mine'));
      },
      ...['--restart', 'always'],
    );
  },
  60_000,
);
