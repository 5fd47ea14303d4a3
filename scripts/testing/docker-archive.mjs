// SPDX-License-Identifier: Apache-2.0
// A docker-archive made by hand from the tars of layers, for skopeo to turn into what tests and benchmarks load.

import { createHash } from 'node:crypto';
import { createReadStream, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from './commands.mjs';

/**
 * Writes `path`. The layers lie on the same file system.
 * @param {{ path: string, name: string, layers: readonly string[] }} archive
 */
export const writeDockerArchive = async ({ path, name, layers }) => {
  const work = `${path}.parts`;
  mkdirSync(work);
  const names = layers.map((_, index) => `layer-${String(index)}.tar`);
  for (const [index, layer] of layers.entries()) linkSync(layer, join(work, names[index]));
  const config = {
    architecture: goArchitecture(),
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: ['bash'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: { type: 'layers', diff_ids: await Promise.all(layers.map(diffIdOf)) },
    history: layers.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'debootstrap' })),
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  writeFileSync(
    join(work, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: names }]),
  );
  output('tar', ['-C', work, '-cf', path, 'manifest.json', 'config.json', ...names]);
  rmSync(work, { recursive: true });
};

const goArchitecture = () => ({ x64: 'amd64', ia32: '386' })[process.arch] ?? process.arch;

const diffIdOf = async (path) => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
};

/** Both kinds of archive as skopeo writes them: docker-archive has plain layers, the OCI archive compressed ones. */
export const packWithSkopeo = ({ archive, name, docker, oci }) => {
  const copy = ['copy', '--quiet', '--insecure-policy'];
  output('skopeo', [...copy, `docker-archive:${archive}`, `oci-archive:${oci}:${name}`]);
  output('skopeo', [...copy, `oci-archive:${oci}`, `docker-archive:${docker}:${name}`]);
};
