// SPDX-License-Identifier: Apache-2.0
// What the entries of layer archives become inside: whiteouts, hard links, owners, modes, times, capabilities.

import { requires } from '../support/requires.js';
import { rootfsEntries, rootfsTar } from '../support/rootfs.js';
import { directory, file, hardlink, makeTar, symlink, type TarEntry } from '../support/tar.js';
import { loadImage, ok, report, statusOf } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const withIds = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'subids');

/** Loads an image of the test root file system and these layers above it. */
const imageOf = async (...layers: readonly (readonly TarEntry[])[]): Promise<string> =>
  loadImage({ layers: [rootfsTar(), ...layers.map(makeTar)] });
/** What a shell prints in a container of that image, line by line. */
const linesIn = async (reference: string, script: string): Promise<readonly string[]> =>
  (await ok(['run', '--rm', reference, 'sh', '-c', script])).split('\n');
const statIn = async (reference: string, format: string, ...paths: readonly string[]): Promise<readonly string[]> =>
  linesIn(reference, `stat -c '${format}' ${paths.join(' ')}`);

describe('whiteouts', () => {
  container.test('hide a file, a link and a whole directory of the layers below, and nothing else', async () => {
    const reference = await imageOf(
      [
        directory('d/'),
        file('d/kept', ''),
        file('d/gone', ''),
        directory('tree/'),
        file('tree/x', ''),
        symlink('link', 'd/kept'),
      ],
      [file('d/.wh.gone', ''), file('.wh.tree', ''), file('.wh.link', '')],
    );
    expect(await linesIn(reference, 'ls -A d; ls -d tree link 2>/dev/null || true')).toEqual(['kept']);
  });

  // a directory of one layer only is read as it is: overlay lists the name, as with every engine, but nothing is there
  container.test('of what no layer below has are no error: nothing is there, and the name can be used', async () => {
    const reference = await imageOf([directory('d/'), file('d/.wh.never', ''), file('d/here', '')]);
    expect(await linesIn(reference, 'test ! -e d/never; echo $?; cat d/here; echo new > d/never; cat d/never')).toEqual(
      ['0', 'new'],
    );
    expect(await linesIn(reference, 'rm -f d/here && rmdir d && ls -d d 2>/dev/null || echo gone')).toEqual(['gone']);
  });

  container.test('an opaque directory shows its own layer only, wherever the mark stands in the archive', async () => {
    const below = [directory('d/'), file('d/old', ''), directory('e/'), file('e/old', '')];
    const reference = await imageOf(below, [
      directory('d/'),
      file('d/.wh..wh..opq', ''),
      file('d/new', ''),
      directory('e/'),
      file('e/new', ''),
      file('e/.wh..wh..opq', ''),
    ]);
    expect(await linesIn(reference, 'ls -A d e')).toEqual(['d:', 'new', '', 'e:', 'new']);
  });

  container.test('a name comes back in a later layer, as another kind of file', async () => {
    const reference = await imageOf(
      [directory('a/'), file('a/old', ''), file('b', 'file')],
      [file('.wh.a', ''), file('.wh.b', '')],
      [file('a', 'now a file'), directory('b/'), file('b/x', '')],
    );
    expect(await linesIn(reference, 'cat a; echo; ls -A b')).toEqual(['now a file', 'x']);
  });

  container.test('a directory that a later layer replaces without a whiteout is gone', async () => {
    const reference = await imageOf([directory('a/'), file('a/old', '')], [file('a', 'file')]);
    expect(await linesIn(reference, 'cat a')).toEqual(['file']);
  });

  container.test(
    'what the container itself removes stays removed after a restart, and in the image it stays',
    async () => {
      const reference = await imageOf([directory('d/'), file('d/x', ''), file('d/y', '')]);
      expect(await linesIn(reference, 'rm d/x && ls -A d')).toEqual(['y']);
      expect(await linesIn(reference, 'ls -A d')).toEqual(['x', 'y']);
    },
  );
});

describe('entries', () => {
  container.test('hard links are one file, and one file that another layer changes', async () => {
    const reference = await imageOf([
      file('first', 'content'),
      hardlink('second', 'first'),
      hardlink('third', '/first'),
    ]);
    expect(await statIn(reference, '%h', 'first', 'second', 'third')).toEqual(['3', '3', '3']);
    const inodes = await statIn(reference, '%i', 'first', 'second', 'third');
    expect(new Set(inodes).size).toBe(1);
    expect(await linesIn(reference, 'cat third')).toEqual(['content']);
  });

  container.test('modes are kept, with set-id and sticky bits and without the caller’s umask', async () => {
    const modes = [0o4755, 0o2755, 0o1777, 0o777, 0o666, 0o400, 0];
    const entries = modes.map((mode) => file(`m/${mode.toString(8)}`, '', { mode }));
    const reference = await imageOf([directory('m/', { mode: 0o2770 }), ...entries]);
    const paths = modes.map((mode) => `m/${mode.toString(8)}`);
    expect(await statIn(reference, '%a', 'm', ...paths)).toEqual(['2770', ...modes.map((mode) => mode.toString(8))]);
  });

  withIds.test('owners are kept, of links and directories too', async () => {
    const reference = await imageOf([
      directory('d/', { uid: 1, gid: 2 }),
      file('d/f', '', { uid: 1000, gid: 50 }),
      { ...symlink('d/l', 'f'), uid: 65_534, gid: 65_534 },
      file('last', '', { uid: 65_535, gid: 65_535 }),
    ]);
    expect(await statIn(reference, '%u:%g', 'd', 'd/f', 'd/l', 'last')).toEqual([
      '1:2',
      '1000:50',
      '65534:65534',
      '65535:65535',
    ]);
  });

  withIds.test('set-id bits survive a change of owner', async () => {
    const reference = await imageOf([file('tool', 'x', { uid: 1000, gid: 1000, mode: 0o6755 })]);
    expect(await statIn(reference, '%a %u', 'tool')).toEqual(['6755 1000']);
  });

  container.test('times are kept, of a directory that is filled after it was named too', async () => {
    const reference = await imageOf([
      directory('d/', { mtime: 1_000_000_000 }),
      file('d/f', '', { mtime: 1_234_567_890 }),
      { ...symlink('d/l', 'f'), mtime: 1_111_111_111 },
    ]);
    expect(await statIn(reference, '%Y', 'd', 'd/f', 'd/l')).toEqual(['1000000000', '1234567890', '1111111111']);
  });

  withIds.test('file capabilities work for a user who is not root', async () => {
    // vfs_cap_data of revision 2, effective: CAP_NET_RAW (13) permitted
    const capability = Buffer.alloc(20);
    capability.writeUInt32LE(0x0200_0001, 0);
    capability.writeUInt32LE(1 << 13, 4);
    const program = rootfsEntries().find(({ name }) => name === 'bin/report')!;
    const reference = await loadImage({
      layers: [
        rootfsTar(),
        makeTar([{ ...program, name: 'bin/capable', xattrs: { 'security.capability': capability } }]),
      ],
    });
    const run = async (path: string): Promise<string> =>
      statusOf(JSON.parse(await ok(['run', '--rm', '-u', 'alice', reference, path])) as never, 'CapEff');
    expect(await run('/bin/report')).toBe('0'.repeat(16));
    expect(await run('/bin/capable')).toBe('0000000000002000');
  });

  container.test('device nodes are left out, a fifo is not', async () => {
    const reference = await imageOf([
      directory('d/'),
      { name: 'd/null', type: 'char', device: [1, 3], mode: 0o666 },
      { name: 'd/disk', type: 'block', device: [8, 0], mode: 0o660 },
      { name: 'd/pipe', type: 'fifo', mode: 0o622 },
      file('d/after', ''),
    ]);
    expect(await linesIn(reference, 'ls -A d; test -p d/pipe && echo fifo')).toEqual(['after', 'pipe', 'fifo']);
  });

  container.test('names of 255 bytes, deep paths, spaces, newlines and letters beyond ASCII are kept', async () => {
    const deep = `${Array.from({ length: 60 }, () => 'directory').join('/')}/leaf`;
    const names = ['x'.repeat(255), 'a b', 'umlaut-ü', 'two\nlines', '-rf', '*'];
    const reference = await imageOf([
      directory('n/'),
      ...names.map((name) => file(`n/${name}`, 'in')),
      file(deep, 'deep'),
    ]);
    expect(
      await linesIn(reference, `ls -A n | wc -l; cat n/${names[0]!}; echo; cat ${deep}; echo; cat 'n/two\nlines'`),
    ).toEqual(['6', 'in', 'deep', 'in']);
  });

  container.test('an absolute link points into the container’s own files', async () => {
    const reference = await imageOf([
      symlink('link', '/etc/os-release'),
      symlink('up', '../../../../../etc/os-release'),
    ]);
    expect(await linesIn(reference, 'cat /link; cat /up')).toEqual(['ID=test', 'ID=test']);
  });

  container.test('directories that no entry names are made, 0755 and root’s', async () => {
    const reference = await imageOf([file('not/named/file', '')]);
    expect(await statIn(reference, '%a %u', 'not', 'not/named')).toEqual(['755 0', '755 0']);
  });

  container.test('a layer of 10,000 entries unpacks whole', async () => {
    const entries = Array.from({ length: 10_000 }, (_, index) =>
      file(`many/${String(index % 100)}/${String(index)}`, String(index)),
    );
    const reference = await imageOf(entries);
    expect(await linesIn(reference, 'find many -type f | wc -l; cat many/99/9999')).toEqual(['10000', '9999']);
  });
});

container.test('the image’s file system below the container stays as it was', async () => {
  const reference = await imageOf([file('f', 'before')]);
  await ok(['run', '--rm', reference, 'sh', '-c', 'echo after > f; rm -r etc; chmod 700 bin']);
  expect(await linesIn(reference, 'cat f; echo; ls etc/os-release; stat -c %a bin')).toEqual([
    'before',
    'etc/os-release',
    '755',
  ]);
  expect((await report([], reference)).uid).toBe(0);
});
