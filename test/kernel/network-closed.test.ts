// SPDX-License-Identifier: Apache-2.0
// What networks keep from each other, and internal ones from the outside.

import { requires } from '../support/requires.js';
import { image, ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

const createNetwork = async (...flags: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['network', 'create', ...flags, name]);
  return name;
};

const startSleeper = async (network: string): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, '--network', network, await image(), 'sleep', '100']);
  return name;
};

const lookUp = async (inside: string, name: string): Promise<string> => {
  const { stdout, stderr } = await tool(['exec', inside, 'busybox', 'nslookup', '-type=a', name]);
  return stdout + stderr;
};

describe('an internal network', () => {
  container.test('answers names of its containers, and passes no other question on', async () => {
    const network = await createNetwork('--internal');
    const [one, two] = [await startSleeper(network), await startSleeper(network)];
    expect(await lookUp(one, two)).toMatch(/Address[^\n]*: 10\.\d+\.\d+\.\d+\n/);
    expect(await lookUp(one, 'secret.example.com')).toContain('SERVFAIL');
    await ok(['rm', '-f', one, two]);
    await ok(['network', 'rm', network]);
  });

  container.test('has no way out, by whatever address', async () => {
    const network = await createNetwork('--internal');
    const name = await startSleeper(network);
    expect(await ok(['exec', name, 'ip', 'route'])).not.toContain('default');
    for (const address of ['203.0.113.1', '10.88.0.1', '169.254.1.2']) {
      const { exitCode } = await tool(['exec', name, 'busybox', 'nc', '-w', '2', address, '53']);
      expect(exitCode).not.toBe(0);
    }
    await ok(['rm', '-f', name]);
    await ok(['network', 'rm', network]);
  });
});

container.test('an address of another network is prohibited at once, and is not looked for outside', async () => {
  const [one, other] = [await createNetwork(), await createNetwork()];
  const [inside, outside] = [await startSleeper(one), await startSleeper(other)];
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const address = await ok(['inspect', '-f', format, outside]);
  const { exitCode, stderr } = await tool(['exec', inside, 'busybox', 'nc', '-w', '20', address, '53']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(/unreachable|no route/i);
  await ok(['rm', '-f', inside, outside]);
  await ok(['network', 'rm', one, other]);
});
