// SPDX-License-Identifier: Apache-2.0
// load, import, images, tag, rmi and image inspect, and the store as other tools see it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dockerArchive, imageConfig, ociArchive, sha256 } from '../support/archives.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { skopeoArchive, skopeoInspect } from '../support/skopeo.js';
import { changesNothing, storeState } from '../support/store-state.js';
import { file, makeTar } from '../support/tar.js';
import { image, loadImage, ok, sandbox, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withSkopeo = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'skopeo');

const imageName = (): string => `${uniqueName('image')}:test`;
const config = { Cmd: ['cat', '/etc/os-release'], Env: ['PATH=/bin'] };
const onDisk = (content: Buffer): string => {
  const path = join(sandbox().directory, uniqueName('archive.tar'));
  writeFileSync(path, content);
  return path;
};
const idOf = async (name: string): Promise<string> => ok(['image', 'inspect', '--format', '{{.Id}}', name]);
/** A small image of its own: nobody else has its layers or its id. */
const smallImage = async (): Promise<string> =>
  loadImage({ layers: [makeTar([file('only-here', uniqueName())])], config: { Cmd: ['/x'], Env: [uniqueName('A=')] } });

describe('load', () => {
  withSkopeo.test('a docker-archive of skopeo, from a file', async () => {
    const name = imageName();
    const path = skopeoArchive({ layers: [rootfsTar()], config, names: [name] }, 'docker-archive');
    expect(await ok(['load', '-i', path])).toBe(`Loaded image: ${name}`);
    expect(await ok(['run', '--rm', name])).toBe('ID=test');
  });

  withSkopeo.test('a docker-archive of skopeo, from stdin', async () => {
    const name = imageName();
    const path = skopeoArchive({ layers: [rootfsTar()], config, names: [name] }, 'docker-archive');
    expect(await ok(['load'], { input: readFileSync(path) })).toBe(`Loaded image: ${name}`);
    expect(await ok(['run', '--rm', name])).toBe('ID=test');
  });

  for (const [what, options] of [
    ['gzip', []],
    ['zstd', ['--dest-compress-format', 'zstd']],
    ['plain', ['--dest-oci-accept-uncompressed-layers']],
  ] as const)
    withSkopeo.test(`an OCI archive of skopeo with ${what} layers`, async () => {
      const name = imageName();
      const spec = { layers: [rootfsTar()], config, names: [name], compression: 'none' } as const;
      const path = skopeoArchive(spec, 'oci-archive', ...options);
      expect(await ok(['load', '-i', path])).toBe(`Loaded image: ${name}`);
      expect(await ok(['run', '--rm', name])).toBe('ID=test');
    });

  withSkopeo.test('an OCI archive of skopeo, from stdin, compressed as a whole', async () => {
    const name = imageName();
    const path = skopeoArchive({ layers: [rootfsTar()], config, names: [name] }, 'oci-archive');
    await ok(['load', '-q'], { input: gzipSync(readFileSync(path)) });
    expect(await ok(['run', '--rm', name])).toBe('ID=test');
  });

  container.test('both kinds of archive, and every compression, give one image id', async () => {
    const spec = { layers: [rootfsTar()], config: { ...config, Labels: { of: uniqueName() } } };
    const ids = new Set<string>();
    for (const make of [dockerArchive, ociArchive])
      for (const compression of ['none', 'gzip', 'zstd'] as const) {
        const name = imageName();
        await ok(['load'], { input: make({ ...spec, compression, names: [name] }) });
        ids.add(await idOf(name));
      }
    expect([...ids]).toEqual([sha256(imageConfig(spec))]);
  });

  container.test('an image without a name is shown by its id and runs by its id', async () => {
    const archive = dockerArchive({ layers: [rootfsTar()], config: { ...config, Labels: { of: uniqueName() } } });
    const said = await ok(['load'], { input: archive });
    expect(said).toMatch(/^Loaded image ID: sha256:[0-9a-f]{64}$/);
    expect(await ok(['run', '--rm', said.replace('Loaded image ID: sha256:', '')])).toBe('ID=test');
  });

  container.test('the same image twice changes nothing the second time', async () => {
    const name = imageName();
    const archive = dockerArchive({ layers: [rootfsTar()], config, names: [name] });
    await ok(['load'], { input: archive });
    await changesNothing(async () => ok(['load'], { input: archive }));
  });

  container.test('two loads of one image at once both succeed', async () => {
    const name = imageName();
    const archive = dockerArchive({
      layers: [rootfsTar(), makeTar([file('etc/os-release', name)])],
      config,
      names: [name],
    });
    await Promise.all([ok(['load'], { input: archive }), ok(['load'], { input: archive })]);
    expect(await ok(['run', '--rm', name])).toBe(name);
    expect(await ok(['images', '-q', name])).toMatch(/^[0-9a-f]{12}$/);
    await changesNothing(async () => ok(['load'], { input: archive }));
  });
});

describe('import', () => {
  container.test('makes an image of a root file system, with what --change says', async () => {
    const name = imageName();
    const changes = ['CMD ["sh", "-c", "echo $A; pwd; id -u"]', 'ENV A="b c" PATH=/bin', 'WORKDIR /etc', 'USER alice'];
    const id = await ok(['import', ...changes.flatMap((change) => ['--change', change]), onDisk(rootfsTar()), name]);
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await ok(['run', '--rm', name])).toBe('b c\n/etc\n1000');
    expect(await idOf(name)).toBe(id);
  });

  container.test('takes the archive from stdin, compressed too, and keeps --message', async () => {
    const name = imageName();
    await ok(['import', '-m', 'of a test', '-', name], { input: gzipSync(rootfsTar()) });
    expect(await ok(['image', 'inspect', '--format', '{{.Comment}}', name])).toBe('of a test');
    expect(await ok(['run', '--rm', name, '/bin/cat', '/etc/os-release'])).toBe('ID=test');
  });

  container.test('an instruction that is not one of --change is refused and makes nothing', async () => {
    const result = await changesNothing(async () =>
      tool(['import', '--change', 'RUN true', onDisk(rootfsTar()), imageName()]),
    );
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('RUN') });
  });
});

describe('names', () => {
  container.test('tag gives one more name to the same image', async () => {
    const [name, other] = [await smallImage(), imageName()];
    expect(await ok(['tag', name, other])).toBe('');
    expect(await idOf(other)).toBe(await idOf(name));
    expect((await ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).split('\n')).toEqual(
      expect.arrayContaining([name, other]),
    );
  });

  container.test('an image runs by its full name, its id and the beginning of its id', async () => {
    const name = await image();
    const id = (await idOf(name)).replace('sha256:', '');
    for (const form of [`docker.io/library/${name}`, `sha256:${id}`, id, id.slice(0, 12)])
      expect(await ok(['run', '--rm', form, 'cat', '/etc/os-release'])).toBe('ID=test');
  });

  container.test('images shows name, tag, short id and size, and -q the id only', async () => {
    const name = await smallImage();
    const [repository = ''] = name.split(':');
    const id = (await idOf(name)).replace('sha256:', '').slice(0, 12);
    const [head, row, ...rest] = (await ok(['images', repository])).split('\n');
    expect(head).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
    expect(row).toMatch(new RegExp(`^${repository} +test +${id} +.* ago +\\d[\\d.]*k?B$`));
    expect(rest).toEqual([]);
    expect(await ok(['images', '-q', name])).toBe(id);
  });

  withSkopeo.test('skopeo reads the store in place', async () => {
    const name = await image();
    const store = join(sandbox().dataRoot, 'images');
    const seen = skopeoInspect(`oci:${store}:docker.io/library/${name}`);
    expect(seen).toMatchObject({
      Digest: await ok(['image', 'inspect', '--format', '{{.Descriptor.digest}}', name]),
      Layers: [expect.stringMatching(/^sha256:/)],
    });
  });
});

describe('images --tree', () => {
  container.test('shows each image once, with its names above and its platform below', async () => {
    const [name, other] = [await smallImage(), imageName()];
    await ok(['tag', name, other]);
    const id = (await idOf(name)).replace('sha256:', '').slice(0, 12);
    const row = '+\\d\\S*B +\\d\\S*B';
    const text = await ok(['images', '--tree', '-f', `reference=${name}`, '-f', `reference=${other}`]);
    expect(text).toMatch(/^IMAGE +ID +DISK USAGE +CONTENT SIZE +USED\n/);
    expect(text.split('\n').slice(1).join('\n')).toMatch(
      new RegExp(`^${name}\n${other} +${id} ${row}\n└─ linux/\\w+ +[0-9a-f]{12} ${row}$`),
    );
  });

  container.test('tells which images containers were made from', async () => {
    const reference = await image();
    const name = uniqueName();
    await ok(['create', '--name', name, reference, 'true']);
    expect(await ok(['images', '--tree', reference])).toMatch(/B +✔\n└─ .*✔$/);
    await ok(['rm', name]);
    expect(await ok(['images', '--tree', reference])).not.toContain('✔');
  });

  container.test('does not go with what has a form of its own', async () => {
    for (const option of ['-q', '--digests', '--no-trunc', '--format={{.ID}}']) {
      const { exitCode, stderr } = await tool(['images', '--tree', option]);
      expect(exitCode).toBe(125);
      expect(stderr).toContain('is not supported with --tree');
    }
  });
});

describe('rmi', () => {
  container.test('of one of two names takes the name; of the last one everything', async () => {
    const before = storeState();
    const [name, other] = [await smallImage(), imageName()];
    const id = await idOf(name);
    await ok(['tag', name, other]);
    expect(await ok(['rmi', other])).toBe(`Untagged: ${other}`);
    expect(await ok(['rmi', name])).toContain(`Untagged: ${name}\nDeleted: ${id}`);
    expect({ ...storeState(), index: '' }).toEqual({ ...before, index: '' });
  });

  container.test('of an image of a stopped container is refused; -f removes it and the container goes on', async () => {
    const name = await loadImage({ config: { ...config, Labels: { of: uniqueName() } } });
    const used = uniqueName();
    await ok(['run', '--name', used, name]);
    expect(await tool(['rmi', name])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`${name} is in use[^]*${used}`)),
    });
    expect(await ok(['rmi', '-f', name])).toContain(`Untagged: ${name}`);
    expect(await ok(['start', '-a', used])).toBe('ID=test');
    await ok(['rm', used]);
  });

  container.test('of an image of a running container takes only the name, with -f', async () => {
    const name = await loadImage({ config: { ...config, Labels: { of: uniqueName() } } });
    const id = await idOf(name);
    const used = uniqueName();
    await ok(['run', '-d', '--name', used, name, 'sleep', '1000']);
    expect(await tool(['rmi', name])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(name) });
    expect(await ok(['rmi', '-f', name])).toBe(`Untagged: ${name}`);
    expect(await tool(['rmi', '-f', id])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(used) });
    expect(await ok(['exec', used, 'cat', '/etc/os-release'])).toBe('ID=test');
    await ok(['rm', '-f', used]);
    await ok(['rmi', id]);
  });

  container.test('one bad name does not keep the others from being removed', async () => {
    const name = await smallImage();
    expect(await tool(['rmi', 'no-such-image', name])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(`Untagged: ${name}`),
      stderr: expect.stringContaining('no-such-image'),
    });
  });
});
