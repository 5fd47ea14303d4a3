// SPDX-License-Identifier: Apache-2.0
// The names that a container hears: those of all networks it is on, also of the ones that come and go while it runs.

import { poll } from '../support/poll.js';
import { killNetd } from '../support/netd.js';
import { requires } from '../support/requires.js';
import { image, ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

const made: { containers: string[]; networks: string[] } = { containers: [], networks: [] };

const network = async (...flags: readonly string[]): Promise<string> => {
  const name = uniqueName('net');
  await ok(['network', 'create', ...flags, name]);
  made.networks.push(name);
  return name;
};

const sleeper = async (...flags: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...flags, await image(), 'sleep', '100']);
  made.containers.push(name);
  return name;
};

afterEach(async () => {
  await ok(['rm', '-f', ...made.containers.splice(0)]);
  for (const name of made.networks.splice(0)) await ok(['network', 'rm', name]);
});

/** The IPv4 addresses that a name has inside; none when it is unknown. */
const lookUp = async (name: string, asked: string): Promise<readonly string[]> => {
  const { stdout } = await tool(['exec', name, 'busybox', 'nslookup', asked]);
  const answer = stdout.slice(stdout.indexOf('Name:'));
  return stdout.includes('Name:')
    ? [...answer.matchAll(/(?<![\d.:])(?:\d+\.){3}\d+(?![\d.]*:)/g)].map(([text]) => text)
    : [];
};

const addressOn = (name: string, on: string): Promise<string> =>
  ok(['inspect', '-f', `{{(index .NetworkSettings.Networks "${on}").IPAddress}}`, name]).then((text) => text.trim());

describe('a container on several networks', () => {
  container.test('finds names, aliases and addresses of all of them, and of no other', async () => {
    const [front, back, off] = [await network(), await network(), await network()];
    const asker = await sleeper('--network', front, '--network', back);
    const web = await sleeper('--network', front, '--network-alias', 'www');
    const db = await sleeper('--network', back, '--network-alias', 'store');
    const other = await sleeper('--network', off, '--network-alias', 'hidden');
    const [webAt, dbAt] = [await addressOn(web, front), await addressOn(db, back)];
    for (const asked of [web, 'www', `${web}.${front}`]) expect(await lookUp(asker, asked)).toEqual([webAt]);
    for (const asked of [db, 'STORE', `store.${back}`]) expect(await lookUp(asker, asked)).toEqual([dbAt]);
    for (const asked of [other, 'hidden', `store.${front}`]) expect(await lookUp(asker, asked)).toEqual([]);
    expect((await tool(['exec', asker, 'busybox', 'nslookup', dbAt])).stdout).toContain(db);
    expect(await lookUp(web, db)).toEqual([]);
  });

  container.test('hears of a name that two networks have what its first one says', async () => {
    const [front, back] = [await network(), await network()];
    const asker = await sleeper('--network', front, '--network', back);
    const both = await sleeper('--network', back, '--network', front);
    expect(await lookUp(asker, both)).toEqual([await addressOn(both, front)]);
    expect(await lookUp(asker, `${both}.${back}`)).toEqual([await addressOn(both, back)]);
  });

  container.test('finds those of a network that it is connected to while it runs, until it leaves', async () => {
    const [front, back] = [await network(), await network()];
    const asker = await sleeper('--network', front);
    const db = await sleeper('--network', back, '--network-alias', 'store');
    expect(await lookUp(asker, 'store')).toEqual([]);
    await ok(['network', 'connect', back, asker]);
    expect(await lookUp(asker, 'store')).toEqual([await addressOn(db, back)]);
    killNetd();
    await poll(async () => (await lookUp(asker, 'store')).length === 1);
    await ok(['network', 'disconnect', back, asker]);
    expect(await lookUp(asker, 'store')).toEqual([]);
  });

  container.test('goes on asking when it leaves its first network', async () => {
    const [front, back] = [await network(), await network()];
    const asker = await sleeper('--network', front, '--network', back);
    const [web, db] = [await sleeper('--network', front), await sleeper('--network', back)];
    expect(await lookUp(asker, web)).toHaveLength(1);
    await ok(['network', 'disconnect', front, asker]);
    expect(await lookUp(asker, web)).toEqual([]);
    expect(await lookUp(asker, db)).toEqual([await addressOn(db, back)]);
  });
});

describe('several containers of one alias', () => {
  container.test('are all told, in an order that changes', async () => {
    const front = await network();
    const asker = await sleeper('--network', front);
    await sleeper('--network', front, '--network-alias', 'pool');
    await sleeper('--network', front, '--network-alias', 'pool');
    const firsts = new Set<string | undefined>();
    await poll(async () => {
      const found = await lookUp(asker, 'pool');
      expect(found).toHaveLength(2);
      return firsts.add(found[0]).size === 2;
    });
  });
});

describe('internal networks', () => {
  container.test('know their names, and nobody on internal networks alone has questions relayed', async () => {
    const [inner, other, out] = [await network('--internal'), await network('--internal'), await network()];
    const closed = await sleeper('--network', inner, '--network', other);
    const open = await sleeper('--network', inner, '--network', out);
    expect(await lookUp(closed, open)).toEqual([await addressOn(open, inner)]);
    const asked = await tool(['exec', closed, 'busybox', 'nslookup', 'example.org']);
    expect(asked.exitCode).toBe(1);
    expect(asked.stdout + asked.stderr).toContain('SERVFAIL');
    await ok(['network', 'disconnect', out, open]);
    const left = await tool(['exec', open, 'busybox', 'nslookup', 'example.org']);
    expect(left.stdout + left.stderr).toContain('SERVFAIL');
  });
});
