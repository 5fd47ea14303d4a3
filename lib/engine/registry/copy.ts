// SPDX-License-Identifier: Apache-2.0
// `image copy`: an image goes from one place to another without passing through the store.
//
// How this works: a place is opened as a document (a manifest or an index) and a source of what it refers to. Of an index,
// the manifest for one platform is taken, or all of it. Then everything goes to the other place as it is: documents,
// configs and layers keep their bytes, so their digests stay, and nothing is unpacked. Children go before what names them.

import { sampanError } from '../../errors/sampan-error.js';
import { digestOf } from '../../image/digest.js';
import { formatEndpoint, type Endpoint } from '../../image/endpoint.js';
import { chooseManifest, parseDocument } from '../../image/manifest.js';
import { isIndexType } from '../../image/media-types.js';
import { formatPlatform, hostPlatform, parsePlatform, type Platform } from '../../image/platform.js';
import type { Document } from '../../registry/transfer.js';
import type { CopyOptions, CopyReport } from '../contract.js';
import { passLayerEvent } from '../layer-event.js';
import type { RegistryContext } from './context.js';
import { openArchive } from './copy-archive.js';
import { contentsOf } from './copy-contents.js';
import { copyToLayout } from './copy-layout.js';
import { openSource, type CopySource } from './copy-source.js';

/** @throws ERR_REGISTRY_*, ERR_ARCHIVE_INVALID, ERR_IMAGE_*, ERR_DIGEST_MISMATCH, ERR_NOT_SUPPORTED, ERR_NO_SPACE */
export const copyImage = async (
  context: RegistryContext,
  { from, to }: { readonly from: Endpoint; readonly to: Endpoint },
  options: CopyOptions,
): Promise<CopyReport> => {
  const platform = platformOf(to, options);
  const source = await openSource(context, from, options.signal);
  try {
    const root = platform === undefined ? source.root : await choose(source, platform, formatEndpoint(from));
    const report = await send(context, { source, root, to }, options);
    if (report.archive === undefined) await source[Symbol.asyncDispose]();
    return report;
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
};

/** undefined: all of them */
const platformOf = (to: Endpoint, { all, platform }: CopyOptions): Platform | undefined => {
  if (!all) return platform === undefined ? hostPlatform(process.arch) : parsePlatform(platform);
  if (platform !== undefined)
    throw sampanError('ERR_ARGUMENTS', { subject: '--all and --platform are mutually exclusive' });
  if (to.kind === 'docker-archive')
    throw sampanError('ERR_NOT_SUPPORTED', {
      subject: "all platforms in docker's archive, which knows none",
      hint: 'copy to oci-archive: or oci:, or leave out --all',
    });
  return undefined;
};

interface Transfer {
  readonly source: CopySource;
  readonly root: Document;
  readonly to: Endpoint;
}

const send = async (
  context: RegistryContext,
  { source, root, to }: Transfer,
  { onEvent, signal }: CopyOptions,
): Promise<CopyReport> => {
  const passEvent: NonNullable<Parameters<typeof contentsOf>[0]['onEvent']> = (event) => passLayerEvent(event, onEvent);
  if (to.kind === 'registry') {
    const { pushImage } = await import('../../registry/push.js');
    const access = await context.openRegistries();
    const { from: known } = source;
    const knownAs = () => (known === undefined ? [] : [known]);
    const digest = await pushImage({
      ...{ access, root, source, knownAs, signal },
      reference: to.reference,
      onEvent: passEvent,
    });
    return { digest };
  }
  const digest = digestOf(root.bytes);
  const contents = await contentsOf({ root, source, onEvent: passEvent, signal });
  if (to.kind === 'oci') {
    await copyToLayout(context, contents, to);
    return { digest };
  }
  return { digest, archive: openArchive(contents, to, source) };
};

/** an index may name an index: so deep and no deeper */
const deepestIndex = 3;

const choose = async (source: CopySource, platform: Platform, what: string): Promise<Document> => {
  let current = source.root;
  for (let depth = 0; isIndexType(current.mediaType); depth++) {
    if (depth > deepestIndex)
      throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is an index in too many others` });
    const document = parseDocument(current.bytes, current.mediaType, `${what}: the index ${digestOf(current.bytes)}`);
    if (document.kind === 'manifest') break;
    const { manifests } = document.index;
    const chosen = chooseManifest(manifests, platform, () => true);
    if (chosen === undefined) {
      const there = manifests.flatMap((manifest) =>
        manifest.platform === undefined ? [] : formatPlatform(manifest.platform),
      );
      throw sampanError('ERR_IMAGE_PLATFORM', {
        subject: `${what} is not there for ${formatPlatform(platform)}`,
        hint: `it is there for ${[...new Set(there)].join(', ') || 'none'}; --platform chooses one, --all copies all`,
      });
    }
    current = { bytes: await source.readDocument(chosen), mediaType: chosen.mediaType };
    if (digestOf(current.bytes) !== chosen.digest)
      throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${what}: ${chosen.digest} is ${digestOf(current.bytes)}` });
  }
  return current;
};
