// SPDX-License-Identifier: Apache-2.0
// The two images that `npm run bench -- images` moves around, each as docker-archive (plain layers) and as OCI archive
// (gzip): a Debian with 300 MB in five layers, and one layer of 100,000 small files. Cached like the test images.

import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cached } from '../testing/cache.mjs';
import { output } from '../testing/commands.mjs';
import { debianImage } from '../testing/debian-image.mjs';
import { packWithSkopeo, writeDockerArchive } from '../testing/docker-archive.mjs';

const formatVersion = 1;
const totalBytes = 300e6;
const upperLayers = 4;

/** Directory with docker-archive.tar and oci-archive.tar; `from` is the directory of debianImage(). */
const layeredImage = (from) =>
  cached({ kind: 'bench-layers', key: `${String(formatVersion)}-${basename(from)}` }, async (directory) => {
    console.log('making the image of five layers');
    const rootfs = join(from, 'rootfs.tar');
    const tree = join(directory, 'tree');
    mkdirSync(tree);
    output('tar', ['-C', tree, '--exclude=./dev', '--no-same-owner', '-xf', rootfs]);
    const files = output('find', ['usr', 'bin', '-type', 'f', '-size', '+0', '-printf', '%s %p\n'], { cwd: tree })
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ bytes: Number(line.slice(0, line.indexOf(' '))), path: line.slice(line.indexOf(' ') + 1) }));
    const layerBytes = (totalBytes - statSync(rootfs).size) / upperLayers;
    const base = join(directory, 'base.tar');
    output('cp', ['--reflink=auto', rootfs, base]);
    const uppers = Array.from({ length: upperLayers }, (_, index) => {
      const layer = join(directory, `upper-${String(index)}.tar`);
      writeLayer({ tree, layer, prefix: `srv/${String(index)}`, paths: take(files, index, layerBytes) });
      return layer;
    });
    rmSync(tree, { recursive: true });
    await pack(directory, 'bench-layers:test', [base, ...uppers]);
  });

/** Files of the tree, beginning elsewhere for each layer, until there are enough bytes. */
const take = (files, index, bytes) => {
  const start = Math.floor((files.length * index) / upperLayers);
  const turned = [...files.slice(start), ...files.slice(0, start)];
  let sum = 0;
  return turned
    .filter((file) => {
      const fits = sum + file.bytes <= bytes;
      if (fits) sum += file.bytes;
      return fits;
    })
    .map(({ path }) => path);
};

const writeLayer = ({ tree, layer, prefix, paths }) => {
  const reproducible = ['--owner=0', '--group=0', '--numeric-owner', '--no-recursion'];
  output('tar', ['-C', tree, ...reproducible, `--transform=s,^,${prefix}/,`, '-cf', layer, '-T', '-'], {
    input: paths.join('\n'),
  });
};

const directories = 1000;
const filesPerDirectory = 100;

/** Up to 2 KB that compress about as code does. */
const moduleText = (index, file) => {
  const words = createHash('sha256')
    .update(`${String(index)} ${String(file)}`)
    .digest('hex');
  const lines = (index * 7 + file * 13) % 50;
  return Array.from({ length: lines }, (_, line) => `export const value${words.slice(line)} = ${String(line)};\n`)
    .join('')
    .slice(0, 2000);
};

const smallFilesImage = () =>
  cached({ kind: 'bench-files', key: `${String(formatVersion)}-files` }, async (directory) => {
    console.log('making the image of 100,000 files');
    const tree = join(directory, 'tree');
    for (let index = 0; index < directories; index++) {
      const parent = join(tree, 'srv', `package-${String(index)}`, 'lib');
      mkdirSync(parent, { recursive: true });
      for (let file = 0; file < filesPerDirectory; file++) {
        writeFileSync(join(parent, `module-${String(file)}.js`), moduleText(index, file));
      }
    }
    const layer = join(directory, 'files.tar');
    output('tar', ['-C', tree, '--owner=0', '--group=0', '--numeric-owner', '--sort=name', '-cf', layer, 'srv']);
    rmSync(tree, { recursive: true });
    await pack(directory, 'bench-files:test', [layer]);
  });

const pack = async (directory, name, layers) => {
  const archive = join(directory, 'plain.tar');
  await writeDockerArchive({ path: archive, name, layers });
  const docker = join(directory, 'docker-archive.tar');
  const oci = join(directory, 'oci-archive.tar');
  packWithSkopeo({ archive, name, docker, oci });
  for (const path of [docker, oci]) chmodSync(path, 0o644);
  for (const path of [archive, ...layers]) rmSync(path);
};

/** @returns {Promise<readonly { title: string, name: string, docker: string, oci: string }[]>} */
export const benchImages = async () => {
  const made = [
    { title: '5 layers, 300 MB', name: 'bench-layers:test', directory: await layeredImage(await debianImage()) },
    { title: '100,000 small files', name: 'bench-files:test', directory: await smallFilesImage() },
  ];
  return made.map(({ title, name, directory }) => ({
    title,
    name,
    docker: join(directory, 'docker-archive.tar'),
    oci: join(directory, 'oci-archive.tar'),
  }));
};
