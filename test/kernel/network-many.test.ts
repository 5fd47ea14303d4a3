// SPDX-License-Identifier: Apache-2.0
// More networks than a table of a fixed size would hold.

import { requires } from '../support/requires.js';
import { image, ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

/** of one container (netd_description.cc) */
const most = 32;

const networks: string[] = [];
const on = (names: readonly string[]): readonly string[] => names.flatMap((name) => ['--network', name]);

const startSleeper = async (names: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...on(names), await image(), 'sleep', '100']);
  return name;
};

beforeAll(async () => {
  for (let made = 0; made < most + 2; made++) {
    const name = uniqueName();
    await ok(['network', 'create', '--ipv6', name]);
    networks.push(name);
  }
});

afterAll(async () => {
  await tool(['network', 'rm', ...networks]);
});

container.test('the last of many networks is closed to the first one, as the others are', async () => {
  const first = await startSleeper(networks.slice(0, 1));
  const others = [await startSleeper(networks.slice(1, most + 1)), await startSleeper(networks.slice(most + 1))];
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const address = await ok(['inspect', '-f', format, others[1] ?? '']);
  const { stderr } = await tool(['exec', first, 'busybox', 'nc', '-w', '20', address, '53']);
  expect(stderr).toMatch(/no route|host is unreachable/i);
  await ok(['rm', '-f', first, ...others]);
});

container.test('a container is on so many networks and no more, at a start as later', async () => {
  const refused = await tool(['run', '--rm', ...on(networks.slice(0, most + 1)), await image(), 'true']);
  expect(refused).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(`at most ${String(most)} networks`) });
  const name = await startSleeper(networks.slice(0, most));
  const more = await tool(['network', 'connect', networks[most] ?? '', name]);
  expect(more).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`at most ${String(most)} networks`) });
  await ok(['rm', '-f', name]);
});
