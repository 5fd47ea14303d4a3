// SPDX-License-Identifier: Apache-2.0
// Headers of the archives we write (POSIX.1-1988 ustar). Names are our own and short; sizes may be any.

export interface TarFile {
  /** at most 100 bytes; a directory's ends with a slash */
  readonly name: string;
  readonly size: number;
}

export const tarBlockBytes = 512;

/** Two zero blocks end an archive. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * tarBlockBytes);

/** Zeros that fill the last block of a file. */
export const tarPadding = (size: number): Buffer =>
  Buffer.alloc((tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes);

/** Owner 0, mode 0644 or 0755, time 0: the same content gives the same archive, whoever writes it and when. */
export const tarHeader = ({ name, size }: TarFile): Buffer => {
  if (Buffer.byteLength(name) > longestName) throw new RangeError(`name in an archive is too long: ${name}`);
  const isDirectory = name.endsWith('/');
  const header = Buffer.alloc(tarBlockBytes);
  header.write(name, fields.name);
  header.write(octal(isDirectory ? 0o755 : 0o644, 8), fields.mode);
  header.write(octal(0, 8), fields.uid);
  header.write(octal(0, 8), fields.gid);
  writeSize(header, size);
  header.write(octal(0, 12), fields.mtime);
  header.write(' '.repeat(8), fields.checksum);
  header.write(isDirectory ? '5' : '0', fields.type);
  header.write('ustar\0', fields.magic, 'latin1');
  header.write('00', fields.version);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, fields.checksum, 'latin1');
  return header;
};

const longestName = 100;
const fields = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  magic: 257,
  version: 263,
} as const;

const octal = (value: number, bytes: number): string => `${value.toString(8).padStart(bytes - 1, '0')}\0`;

const mostOctalSize = 8 ** 11 - 1;

/** 8 GiB and more do not fit into eleven octal digits: base-256, which every reader of today knows. */
const writeSize = (header: Buffer, size: number): void => {
  if (size <= mostOctalSize) {
    header.write(octal(size, 12), fields.size);
    return;
  }
  header.writeUInt8(0x80, fields.size);
  header.writeBigUInt64BE(BigInt(size), fields.size + 4);
};
