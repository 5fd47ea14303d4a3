// SPDX-License-Identifier: Apache-2.0
// Places of images outside the store, as skopeo names them: docker://registry/name:tag (or the name alone),
// docker-archive:FILE[:NAME], oci-archive:FILE[:NAME], oci:DIRECTORY[:NAME].

import { sampanError } from '../errors/sampan-error.js';
import { shorten } from '../util/shorten.js';
import { formatReference, parseTaggedReference, type Reference } from './reference.js';

export type Endpoint =
  | { readonly kind: 'registry'; readonly reference: Reference }
  | {
      readonly kind: 'docker-archive' | 'oci-archive' | 'oci';
      readonly path: string;
      /** of one image of several; what it is to be called in a destination */
      readonly name?: string;
    };

type FileKind = Exclude<Endpoint['kind'], 'registry'>;
const fileKinds: readonly FileKind[] = ['docker-archive', 'oci-archive', 'oci'];
/** of other tools; a name that begins so is no repository */
const foreignKinds = ['dir', 'docker-daemon', 'containers-storage', 'ostree', 'sif', 'tarball'];

/** @throws ERR_INVALID_REFERENCE, ERR_INVALID_VALUE, ERR_NOT_SUPPORTED */
export const parseEndpoint = (text: string): Endpoint => {
  const colon = text.indexOf(':');
  const [scheme, rest] = colon < 0 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1)];
  if (scheme === 'docker' && rest.startsWith('//')) return registryAt(rest.slice(2));
  const kind = fileKinds.find((known) => known === scheme);
  if (kind !== undefined) return fileAt(kind, rest, text);
  if (foreignKinds.includes(scheme))
    throw sampanError('ERR_NOT_SUPPORTED', {
      subject: `${scheme}: in ${shorten(text)}`,
      hint: `an image is copied between ${['docker://NAME', ...fileKinds.map((known) => `${known}:PATH`)].join(', ')}`,
    });
  return registryAt(text);
};

const registryAt = (text: string): Endpoint => ({ kind: 'registry', reference: parseTaggedReference(text) });

const fileAt = (kind: FileKind, rest: string, text: string): Endpoint => {
  const colon = rest.indexOf(':');
  const [path, name] = colon < 0 ? [rest, ''] : [rest.slice(0, colon), rest.slice(colon + 1)];
  if (path === '') throw sampanError('ERR_INVALID_VALUE', { subject: `${shorten(text)} has no path` });
  return { kind, path, ...(name === '' ? {} : { name }) };
};

/** For messages. */
export const formatEndpoint = (endpoint: Endpoint): string =>
  endpoint.kind === 'registry' ? formatReference(endpoint.reference) : `${endpoint.kind}:${endpoint.path}`;
