// SPDX-License-Identifier: Apache-2.0
// More than a thousand ports of one container: had or refused as a whole, shown in few words, and taken back.

import { freeRange, ownLoopback } from '../support/free-port.js';
import { poll } from '../support/poll.js';
import { echoPort, refused, serve, talk } from '../support/published.js';
import { requires } from '../support/requires.js';
import { ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'dev-net-tun', 'python3');

/** Where only these tests publish, so many ports that no other program has at every address. */
const address = ownLoopback();
let [first, taken] = [0, 0];
beforeAll(async () => {
  [first, taken] = [await freeRange(1501), await freeRange(1501)];
});
const range = (from: number): string => `${String(from)}-${String(from + 1500)}`;
/** The one that leads to the echo server. */
const echoing = (): number => first + 1000;
const answers = async (port: number): Promise<boolean> =>
  (await talk(address, port).catch(() => undefined))?.client.startsWith('10.') === true;

container.test('1,501 of them are had at once and taken back at once, and ps shows them as one', async () => {
  const publish = `${address}:${range(first)}:${range(first)}`;
  const name = await serve('-p', publish, '-e', `ECHO_PORT=${String(echoing())}`);
  expect(await answers(echoing())).toBe(true);
  expect(await ok(['ps', '-f', `name=${name}`, '--format', '{{.Ports}}'])).toBe(
    `${address}:${range(first)}->${range(first)}/tcp`,
  );
  expect((await ok(['port', name])).split('\n')).toHaveLength(1501);
  await ok(['port', 'rm', name, '-p', `${range(first)}:${range(first)}`]);
  expect(String(await refused(echoing(), address))).toContain('ECONNREFUSED');
  expect(await ok(['port', name])).toBe('');
  await ok(['port', 'add', name, '-p', publish]);
  expect(await answers(echoing())).toBe(true);
  await ok(['rm', '-f', name]);
  await poll(async () => String(await refused(echoing(), address)).includes('ECONNREFUSED'));
});

container.test('-P gives a port to each of 2,000 that are exposed', async () => {
  const name = await serve('-P', '--expose', '6000-7999');
  const places = (await ok(['port', name])).split('\n').filter((line) => line.includes('0.0.0.0'));
  expect(places).toHaveLength(2000);
  expect(new Set(places.map((line) => line.split(':').at(-1))).size).toBe(2000);
  await ok(['rm', '-f', name]);
});

container.test('when one of them is taken none is had, and the error names it', async () => {
  const [other, name] = [await serve('-p', `${address}:${String(taken + 1400)}:${echoPort}`), uniqueName('ports')];
  const wanted = ['-p', `${address}:${range(taken)}:8000-9500`];
  const failed = await tool(['run', '--rm', '--name', name, ...wanted, 'host', 'true']);
  expect(failed).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(`${address}:${String(taken + 1400)}/tcp`),
  });
  expect(failed.stderr).toContain(other);
  await ok(['rm', '-f', other]);
  await ok(['run', '--rm', '--name', name, ...wanted, 'host', 'true']);
});

container.test('more than can be had is an error before anything is made', async () => {
  const failed = await tool(['run', '--rm', '-p', `${address}:20000-30000:20000-30000`, 'host', 'true']);
  expect(failed).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('10001 ports of one container') });
  expect(failed.stderr).toContain('at most 4096');
  expect(await ok(['ps', '-aq'])).toBe('');
});
