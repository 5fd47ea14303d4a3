// SPDX-License-Identifier: Apache-2.0
// Writes tars, good and bad: no tar program makes names with `..`, wrong checksums or a cut in the middle.

export interface TarEntry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly content?: Buffer | string;
  readonly link?: string;
  readonly device?: readonly [major: number, minor: number];
  /** becomes a pax header SCHILY.xattr.<name> */
  readonly xattrs?: Readonly<Record<string, Buffer>>;
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' } as const;
const blockSize = 512;

export const makeTar = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.flatMap(encodeEntry), Buffer.alloc(2 * blockSize)]);

/** Only the name and content; everything else by default. */
export const file = (name: string, content: Buffer | string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  content,
  ...more,
});
export const directory = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: 'directory',
  mode: 0o755,
  ...more,
});
export const symlink = (name: string, link: string): TarEntry => ({ name, type: 'symlink', link, mode: 0o777 });
export const hardlink = (name: string, link: string): TarEntry => ({ name, type: 'hardlink', link });

const encodeEntry = (entry: TarEntry): readonly Buffer[] => {
  const content = Buffer.from(entry.content ?? '');
  const records = paxRecords(entry);
  const pax =
    records.length === 0
      ? []
      : [encodeHeader({ name: 'pax', size: Buffer.concat(records).length, flag: 'x' }), padded(Buffer.concat(records))];
  const header = encodeHeader({
    name: entry.name,
    size: content.length,
    flag: typeFlags[entry.type ?? 'file'],
    mode: entry.mode ?? 0o644,
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    mtime: entry.mtime ?? 0,
    link: entry.link ?? '',
    device: entry.device ?? [0, 0],
  });
  return [...pax, header, padded(content)];
};

const paxRecords = ({ name, link, xattrs = {} }: TarEntry): readonly Buffer[] => [
  ...(Buffer.byteLength(name) > 100 ? [paxRecord('path', Buffer.from(name))] : []),
  ...(link !== undefined && Buffer.byteLength(link) > 100 ? [paxRecord('linkpath', Buffer.from(link))] : []),
  ...Object.entries(xattrs).map(([key, value]) => paxRecord(`SCHILY.xattr.${key}`, value)),
];

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
const paxRecord = (key: string, value: Buffer): Buffer => {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
};

interface Header {
  readonly name: string;
  readonly size: number;
  readonly flag: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly link?: string;
  readonly device?: readonly [number, number];
}

const encodeHeader = ({
  name,
  size,
  flag,
  mode = 0o644,
  uid = 0,
  gid = 0,
  mtime = 0,
  link = '',
  device = [0, 0],
}: Header): Buffer => {
  const header = Buffer.alloc(blockSize);
  const octal = (value: number, offset: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, length, 'latin1');
  };
  header.write(name, 0, 100);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(size, 124, 12);
  octal(mtime, 136, 12);
  header.write('        ', 148);
  header.write(flag, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  octal(device[0], 329, 8);
  octal(device[1], 337, 8);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return header;
};

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)]);
