// SPDX-License-Identifier: Apache-2.0
// docs/private-registry.md: a registry is one run of an image, to which is pushed and from which is pulled.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { rootfsEntries, rootfsTar } from '../support/rootfs.js';
import { directory, file, makeTar } from '../support/tar.js';
import { loadImage, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const words = ['userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox', 'docker-registry'] as const;
const onHost = requires(...words);
const published = requires(...words, 'dev-net-tun');

/** An image of the machine's own registry program that listens at this address. */
const registryImage = async (address: string): Promise<string> => {
  const program = execFileSync('sh', ['-c', 'command -v docker-registry'], { encoding: 'utf8' }).trim();
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  const config = `version: 0.1\nstorage: { filesystem: { rootdirectory: /data } }\nhttp: { addr: '${address}' }\n`;
  const tar = makeTar([
    ...rootfsEntries(),
    directory('data'),
    file('config.yml', config),
    ...[program, ...libraries].map((path) => file(path.slice(1), readFileSync(realpathSync(path)), { mode: 0o755 })),
  ]);
  const name = `${uniqueName('registry')}:1`;
  const command = `CMD ["${program}", "serve", "/config.yml"]`;
  await ok(['import', '-c', command, '-c', 'ENV OTEL_TRACES_EXPORTER=none', '-', name], { input: tar });
  return name;
};

/** Starts it with these options, tags an image for it, pushes, removes, pulls and runs it. */
const useRegistry = async (reference: string, port: number, options: readonly string[]): Promise<void> => {
  const name = uniqueName('registry');
  const data = join(sandbox().directory, uniqueName('data'));
  mkdirSync(data);
  await ok(['run', '-d', '--name', name, ...options, '-v', `${data}:/data`, reference]);
  try {
    const app = `localhost:${String(port)}/app:1`;
    await ok(['tag', await loadImage({ layers: [rootfsTar(), makeTar([file('i', 'i')])] }), app]);
    await poll(async () => (await tool(['push', '-q', app])).exitCode === 0, { what: 'the registry' });
    await ok(['rmi', '-f', await ok(['images', '-q', app])]);
    expect(await ok(['run', '--rm', '-q', app, 'cat', '/i'])).toBe('i');
    expect(await ok(['search', `localhost:${String(port)}/`])).toMatch(/localhost:\d+\/app +1$/);
  } finally {
    await ok(['rm', '-f', name]);
  }
};

describe('a private registry in one line', () => {
  published.test('with a published port, as people know it from docker', async () => {
    const port = await freePort();
    await useRegistry(await registryImage(':5000'), port, ['-p', `${String(port)}:5000`]);
  });

  onHost.test("in the machine's own network", async () => {
    const port = await freePort();
    await useRegistry(await registryImage(`127.0.0.1:${String(port)}`), port, ['--network', 'host']);
  });
});
