// SPDX-License-Identifier: Apache-2.0
// What somebody who knows docker expects of networks, beyond what has a test of its own.

import { requires } from '../support/requires.js';
import { image, ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

const start = async (flags: readonly string[], ...command: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok([
    'run',
    '-d',
    '--name',
    name,
    ...flags,
    await image(),
    ...(command.length === 0 ? ['sleep', '100'] : command),
  ]);
  return name;
};

container.test('a user without capabilities listens on port 80', async () => {
  const listen = 'busybox timeout 1 busybox nc -l -p 80; echo $?';
  const seen = await ok(['run', '--rm', '--user', '1000', '--cap-drop', 'ALL', await image(), 'sh', '-c', listen]);
  // timeout's signal ended it: it was listening
  expect(seen).toBe('143');
});

describe('modes that do not go together are refused, and the message names the mode', () => {
  const refused: readonly (readonly [flags: readonly string[], text: string])[] = [
    [['--network', 'bridge', '--network', 'host'], '--network host cannot be combined'],
    [['--network', 'none', '--network', 'bridge'], '--network none cannot be combined'],
    [['--network', 'container:'], 'container:NAME'],
  ];
  for (const [flags, text] of refused) {
    container.test(`run ${flags.join(' ')}`, async () => {
      const result = await tool(['run', '--rm', ...flags, await image(), 'true']);
      expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(text) });
    });
  }

  container.test('--network container:NAME takes no ports, and shows none', async () => {
    const name = await start(['--network', 'none']);
    for (const flags of [['-p', '80'], ['-P'], ['--expose', '80']]) {
      const result = await tool(['run', '--rm', '--network', `container:${name}`, ...flags, await image(), 'true']);
      expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(name) });
    }
    await ok(['rm', '-f', name]);
  });
});

describe('a container that publishes a port', () => {
  container.test('starts on an internal network, with a warning, and the port is there once a way out is', async () => {
    const [inside, outside, name] = [uniqueName(), uniqueName(), uniqueName()];
    await ok(['network', 'create', '--internal', inside]);
    await ok(['network', 'create', outside]);
    const run = ['run', '-d', '--name', name, '--network', inside, '-p', '80', await image(), 'sleep', '100'];
    expect(await tool(run)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('internal networks only') });
    expect(await ok(['port', name])).toBe('');
    await ok(['network', 'connect', outside, name]);
    expect(await ok(['port', name])).toContain('80/tcp -> 0.0.0.0:');
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', inside, outside]);
  });

  container.test('restarts when it was taken off its last network', async () => {
    const name = await start(['-p', '80']);
    await ok(['network', 'disconnect', 'bridge', name]);
    await ok(['restart', '-t', '0', name]);
    await ok(['network', 'connect', 'bridge', name]);
    expect(await ok(['port', name])).toContain('80/tcp -> 0.0.0.0:');
    await ok(['rm', '-f', name]);
  });
});

container.test('network connect and disconnect say that host and none are for good', async () => {
  const name = await start(['--network', 'none']);
  for (const verb of ['connect', 'disconnect']) {
    for (const mode of ['host', 'none']) {
      const result = await tool(['network', verb, mode, name]);
      expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`--network ${mode}`) });
    }
  }
  await ok(['rm', '-f', name]);
});

container.test('docker’s other flags of networks pass when they ask for what happens anyway', async () => {
  const network = uniqueName();
  await ok(['network', 'create', '--ipam-driver', 'default', '--scope', 'local', '--ipv4', network]);
  expect(await ok(['network', 'inspect', '-v', '-f', '{{.Name}}', network])).toBe(network);
  for (const flags of [
    ['--ipam-driver', 'dhcp'],
    ['--scope=swarm'],
    ['--ipv4=false'],
    ['--aux-address', 'a=10.9.9.9'],
  ]) {
    const result = await tool(['network', 'create', ...flags, uniqueName()]);
    expect(result).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('not supported') });
  }
  expect(await ok(['network', 'ls', '--format', '{{.Name}} {{.CreatedAt}}'])).toContain('none 0001-01-01 00:00:00');
  await ok(['network', 'rm', network]);
});

container.test('names and /etc/hosts mean IPv4 addresses, as with docker, unless IPv6 was asked for', async () => {
  const seenIn = async (...flags: readonly string[]): Promise<string> => {
    const [network, name] = [uniqueName(), uniqueName()];
    await ok(['network', 'create', ...flags, network]);
    await ok(['run', '-d', '--name', name, '--network', network, await image(), 'sleep', '100']);
    const look = `busybox nslookup ${name} 2>&1; grep $HOSTNAME /etc/hosts; ip -6 addr show eth0`;
    const seen = await ok(['run', '--rm', '--network', network, await image(), 'sh', '-c', look]);
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', network]);
    return seen;
  };
  const ipv6Name = /Address[^\n]*: fd[0-9a-f:]+\n/;
  const ipv6Host = /^fd[0-9a-f:]+\t/m;
  const plain = await seenIn();
  expect(plain).not.toMatch(ipv6Name);
  expect(plain).not.toMatch(ipv6Host);
  expect(plain).toContain('inet6 fd');
  const asked = await seenIn('--ipv6');
  expect(asked).toMatch(ipv6Name);
  expect(asked).toMatch(ipv6Host);
});

container.test('a template ranges over the containers of a network', async () => {
  const name = await start([]);
  const names = await ok(['network', 'inspect', '-f', '{{range .Containers}}{{.Name}} {{end}}', 'bridge']);
  expect(names.split(' ')).toContain(name);
  await ok(['rm', '-f', name]);
});

container.test('inspect has the fields of NetworkSettings that docker’s templates ask for', async () => {
  const name = await start([]);
  const fields = 'EndpointID SecondaryIPAddresses LinkLocalIPv6Address HairpinMode'.split(' ');
  const format = fields.map((field) => `{{json .NetworkSettings.${field}}}`).join(' ');
  expect(await ok(['inspect', '-f', format, name])).toMatch(/^"[0-9a-f]{64}" null "" false$/);
  await ok(['rm', '-f', name]);
});

container.test('network create takes no name that --network understands otherwise', async () => {
  for (const name of ['bridge', 'host', 'none', 'default']) {
    const result = await tool(['network', 'create', name]);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`${name} is a pre-defined network`) });
  }
});

container.test('network ls takes names as regular expressions, and no type or dangling that there is not', async () => {
  const network = uniqueName();
  await ok(['network', 'create', network]);
  await ok(['network', 'create', `${network}-2`]);
  const named = (pattern: string) => ok(['network', 'ls', '-f', `name=${pattern}`, '--format', '{{.Name}}']);
  expect(await named(`^${network}$`)).toBe(network);
  expect(await named(`${network}-[0-9]`)).toBe(`${network}-2`);
  for (const filter of ['type=other', 'dangling=maybe']) {
    const result = await tool(['network', 'ls', '-f', filter]);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(filter) });
  }
  await ok(['network', 'rm', network, `${network}-2`]);
});

container.test(
  'an address that a network does not have is refused before anything is created or connected',
  async () => {
    const network = uniqueName();
    await ok(['network', 'create', network]);
    const name = uniqueName();
    const flags = ['--network', network, '--ip', '203.0.113.9'];
    const created = await tool(['create', '--name', name, ...flags, await image(), 'true']);
    expect(created).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('203.0.113.9') });
    await ok(['create', '--name', name, await image(), 'true']);
    const connected = await tool(['network', 'connect', '--ip', '203.0.113.9', network, name]);
    expect(connected).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('203.0.113.9') });
    expect(await ok(['start', '-a', name])).toBe('');
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', network]);
  },
);

container.test('a network that netd could not serve is not created', async () => {
  const ports = Array.from({ length: 33 }, (_, index) => 3000 + 2 * index).join(',');
  const result = await tool(['network', 'create', '--opt', `host-loopback=${ports}`, uniqueName()]);
  expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('at most 32') });
});

container.test('ps finds containers by the ports that they publish and expose', async () => {
  const name = await start(['-p', '127.0.0.1::80', '--expose', '90-91/udp']);
  const port = (await ok(['port', name, '80'])).split(':')[1] ?? '';
  const found = (filter: string) => ok(['ps', '-f', `name=${name}`, '-f', filter, '--format', '{{.Names}}']);
  for (const filter of [`publish=${port}`, 'publish=1024-65535/tcp', 'expose=80', 'expose=91/udp']) {
    expect([filter, await found(filter)]).toEqual([filter, name]);
  }
  for (const filter of ['publish=80', `publish=${port}/udp`, 'expose=91', 'expose=92-99/udp']) {
    expect([filter, await found(filter)]).toEqual([filter, '']);
  }
  const result = await tool(['ps', '-f', 'publish=9-1']);
  expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('publish=9-1') });
  await ok(['rm', '-f', name]);
});

container.test(
  'what network ls -q lists can be inspected, and bridge, host and none are not removed by their ids',
  async () => {
    const ids = (await ok(['network', 'ls', '-q', '-f', 'type=builtin'])).split('\n');
    expect(await ok(['network', 'inspect', '-f', '{{.Name}}', ...ids])).toBe('bridge\nhost\nnone');
    const result = await tool(['network', 'rm', ...ids]);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    for (const name of ['bridge', 'host', 'none']) expect(result.stderr).toContain(`${name} is a pre-defined network`);
  },
);

container.test('network inspect shows the containers with the modes host and none', async () => {
  for (const mode of ['host', 'none']) {
    const name = await start(['--network', mode]);
    const names = await ok(['network', 'inspect', '-f', '{{range .Containers}}{{.Name}} {{end}}', mode]);
    expect(names.split(' ')).toContain(name);
    await ok(['rm', '-f', name]);
  }
});

container.test('a stopped container whose network was removed starts once it is taken off it', async () => {
  const network = uniqueName();
  await ok(['network', 'create', network]);
  const name = await start([]);
  await ok(['network', 'connect', network, name]);
  await ok(['stop', '-t', '0', name]);
  await ok(['network', 'rm', network]);
  const started = await tool(['start', name]);
  expect(started).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('disconnect the container from it') });
  await ok(['network', 'disconnect', network, name]);
  await ok(['start', name]);
  await ok(['rm', '-f', name]);
});

container.test('network inspect says whether --attachable was given', async () => {
  for (const flags of [[], ['--attachable']]) {
    const network = uniqueName();
    await ok(['network', 'create', ...flags, network]);
    expect(await ok(['network', 'inspect', '-f', '{{.Attachable}}', network])).toBe(String(flags.length > 0));
    await ok(['network', 'rm', network]);
  }
});
