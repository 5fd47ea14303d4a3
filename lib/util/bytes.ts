// SPDX-License-Identifier: Apache-2.0
// Sizes: what people write (64m, 1.5g) and what docker shows (1.23kB).

const binaryUnits: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
const decimalSuffixes = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const binarySuffixes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** 1024-based, as docker's --shm-size and --memory: 64m, 64MB, 64MiB, 1.5g, 512; undefined when it is no size. */
export const parseBytes = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text);
  if (match === null || /^\D*$/.test(text)) return undefined;
  const power = binaryUnits[(match[2] ?? 'b').toLowerCase()] ?? 0;
  return Math.floor(Number(match[1]) * 1024 ** power);
};

/** 1000-based with so many significant digits: 123456789 is 123MB with 3, 123.5MB with 4. */
export const formatBytes = (bytes: number, digits = 4): string => scaled(bytes, 1000, decimalSuffixes, digits);

/** 1024-based, as `info` shows memory: 15.5GiB. */
export const formatBinaryBytes = (bytes: number, digits = 4): string => scaled(bytes, 1024, binarySuffixes, digits);

const scaled = (bytes: number, base: number, suffixes: readonly string[], digits: number): string => {
  let power = 0;
  let size = bytes;
  while (size >= base && power < suffixes.length - 1) {
    size /= base;
    power++;
  }
  // Number() drops the zeros at the end; %g never shows more digits than the number has.
  return `${String(Number(size.toPrecision(digits)))}${suffixes[power] ?? ''}`;
};
