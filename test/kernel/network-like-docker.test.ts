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
