// SPDX-License-Identifier: Apache-2.0
// Content digests (image-spec 1.1, descriptor.md). sha256 is the only algorithm: the content store is keyed by it.

import { sampanError } from '../errors/sampan-error.js';
import { sha256 } from '../util/sha256.js';
import { shorten } from '../util/shorten.js';

/** `sha256:<64 lower-case hex>`; made only here. */
export type Digest = string & { readonly __brand: 'Digest' };

const pattern = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: unknown): text is Digest => typeof text === 'string' && pattern.test(text);

/** @throws ERR_IMAGE_INVALID */
export const parseDigest = (text: unknown, what: string): Digest => {
  if (isDigest(text)) return text;
  throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is not a sha256 digest: ${shorten(text)}` });
};

export const digestOf = (content: Uint8Array | string): Digest => digestOfHex(sha256(content));

/** From the 64 hex digits, as file names and hash functions have them. */
export const digestOfHex = (hex: string): Digest => parseDigest(`sha256:${hex}`, 'digest');

export const hexOf = (digest: Digest): string => digest.slice('sha256:'.length);
