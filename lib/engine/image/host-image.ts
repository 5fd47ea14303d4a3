// SPDX-License-Identifier: Apache-2.0
// `host`, the built-in image: the machine's own programs and settings (container/host-rootfs.ts), zero bytes of ours.
// Its familiar name always means it; an image of docker.io/library/host is reached by its full name only.

import { parseConfig, type ImageConfig } from '../../image/config.js';
import { digestOf, type Digest } from '../../image/digest.js';
import { hostPlatform } from '../../image/platform.js';
import { familiarName, familiarReference, repositoryOf, type Reference } from '../../image/reference.js';

export interface HostImage {
  readonly id: Digest;
  readonly config: ImageConfig;
}

export const hostImageName = 'host';
export const hostImageTag = 'latest';

const shadowedRepository = 'docker.io/library/host';

/** The id is the digest of the config, as for every image, and the same on all machines of one architecture. */
export const hostImage = (): HostImage => {
  const { os, architecture } = hostPlatform(process.arch);
  const content = Buffer.from(
    JSON.stringify({
      created: '1970-01-01T00:00:00Z',
      architecture,
      os,
      config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [{ created: '1970-01-01T00:00:00Z', comment: "the machine's own directories", empty_layer: true }],
    }),
  );
  return { id: digestOf(content), config: parseConfig(content, 'built-in image') };
};

/** What a person typed: `host` with or without a tag. */
export const isHostName = (text: string): boolean => /^host(?::[^/]*)?(?:@.*)?$/.test(text);

/** Of the names that begin so, this one exists. */
export const isHostReference = (text: string): boolean =>
  text === hostImageName || text === `${hostImageName}:${hostImageTag}`;

/** familiarName(), but for the name that the built-in image stands before. */
export const shownName = (reference: Reference): string =>
  repositoryOf(reference) === shadowedRepository ? shadowedRepository : familiarName(reference);

export const shownReference = (reference: Reference): string =>
  repositoryOf(reference) === shadowedRepository
    ? `${shadowedRepository}${familiarReference(reference).slice(hostImageName.length)}`
    : familiarReference(reference);
