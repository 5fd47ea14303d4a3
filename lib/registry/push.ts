// SPDX-License-Identifier: Apache-2.0
// push: an image goes to the registry that its name says, from our store or from wherever it is read.

import type { Digest } from '../image/digest.js';
import type { Reference } from '../image/reference.js';
import type { OnEvent } from './contract.js';
import type { RegistryAccess } from './open.js';
import { transfer, type Document, type TransferSource } from './transfer.js';

export interface PushRequest {
  readonly access: RegistryAccess;
  /** its tag is what the registry will call it */
  readonly reference: Reference;
  /** manifest or index */
  readonly root: Document;
  readonly source: TransferSource;
  /** names of images that have a layer too: those on the same registry may save an upload */
  readonly knownAs?: (digest: Digest) => readonly Reference[];
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly chunkBytes?: number;
}

/** The digest that the tag names now. @throws ERR_REGISTRY_* */
export const pushImage = async (request: PushRequest): Promise<Digest> => {
  const { access, reference, knownAs = () => [] } = request;
  const { registry, path } = access.registries.primaryOf(reference);
  const mountFrom = (digest: Digest): readonly string[] => {
    const known = knownAs(digest).map((name) => access.registries.primaryOf(name));
    return [...new Set(known.filter((location) => location.registry === registry).map((location) => location.path))];
  };
  return transfer({
    ...request,
    client: access.client(registry, path),
    repository: path,
    tag: reference.tag,
    mountFrom,
  });
};
