// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) as hex. node:crypto takes 3 ms to load, which every start of a container would pay for the two
// small documents of its image: those are hashed here, larger ones there.

import { createHash } from 'node:crypto';

/** Beyond this loading node:crypto is the faster way. */
const largestHere = 6000;

export const sha256 = (content: Uint8Array | string): string => {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return bytes.length <= largestHere ? hashHere(bytes) : createHash('sha256').update(bytes).digest('hex');
};

const blockSize = 64;
const lengthSize = 8;

/** The specification's words and names: a to h are the working variables of section 6.2.2. */
const hashHere = (bytes: Uint8Array): string => {
  const [constants, hash] = [fractions(64, Math.cbrt), fractions(8, Math.sqrt)];
  const padded = new Uint8Array(Math.ceil((bytes.length + 1 + lengthSize) / blockSize) * blockSize);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  for (let at = 0; at < padded.length; at += blockSize) compress(hash, constants, scheduleOf(view, at));
  return Array.from(hash, (word) => word.toString(16).padStart(8, '0')).join('');
};

/** The first 32 bits behind the point of a root of each of the first primes (4.2.2, 5.3.3). */
const fractions = (count: number, root: (prime: number) => number): Uint32Array => {
  const words = new Uint32Array(count);
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.some((prime) => candidate % prime === 0)) continue;
    words[primes.length] = (root(candidate) % 1) * 2 ** 32;
    primes.push(candidate);
  }
  return words;
};

const scheduleOf = (view: DataView, at: number): Uint32Array => {
  const schedule = new Uint32Array(64);
  for (let t = 0; t < 16; t++) schedule[t] = view.getUint32(at + t * 4);
  for (let t = 16; t < 64; t++) {
    const x = schedule[t - 15] ?? 0;
    const y = schedule[t - 2] ?? 0;
    const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[t] = (schedule[t - 16] ?? 0) + low + (schedule[t - 7] ?? 0) + high;
  }
  return schedule;
};

const compress = (hash: Uint32Array, constants: Uint32Array, schedule: Uint32Array): void => {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (let t = 0; t < 64; t++) {
    const highOfE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + highOfE + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + (schedule[t] ?? 0)) | 0;
    const highOfA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (highOfA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => {
    hash[index] = (hash[index] ?? 0) + value;
  });
};
