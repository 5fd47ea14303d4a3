// SPDX-License-Identifier: Apache-2.0
// Image references: `[domain/]path[:tag][@digest]`.
//
// How this works: people write familiar names (`debian`), the store keeps full ones (`docker.io/library/debian:latest`).
// The rules are those of the reference grammar that docker, podman and the registries share: the first component is a
// domain only when it has a dot, a colon or an upper-case letter, or is `localhost`; docker.io is the default domain
// and `library/` the default path prefix there.

import { sampanError } from '../errors/sampan-error.js';
import { shorten } from '../util/shorten.js';
import { isDigest, type Digest } from './digest.js';

export interface Reference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultDomain = 'docker.io';
const legacyDefaultDomain = 'index.docker.io';
const officialPrefix = 'library/';
const longestName = 255;

const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domainPattern = new RegExp(`^(?:${domainComponent}(?:\\.${domainComponent})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`);
const pathPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const identifierPattern = /^[0-9a-f]{64}$/;

/** Parses what people write; neither tag nor digest is added. @throws ERR_INVALID_REFERENCE */
export const parseReference = (text: string): Reference => {
  if (identifierPattern.test(text)) {
    throw invalid(text, 'a name cannot be 64 hexadecimal digits: that is an image id');
  }
  const { name, tag, digest } = splitSuffixes(text);
  const { domain, path } = splitDomain(name);
  if (!domainPattern.test(domain) && domain !== defaultDomain)
    throw invalid(text, `${shorten(domain)} is not a registry name`);
  if (path !== path.toLowerCase()) throw invalid(text, 'the repository name must be lower case');
  if (!pathPattern.test(path)) throw invalid(text);
  if (path.length > longestName)
    throw invalid(text, `the repository name is longer than ${String(longestName)} characters`);
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid(text, `${shorten(tag)} is not a tag`);
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
};

/** As parseReference; a name without tag and digest means the tag `latest`. */
export const parseTaggedReference = (text: string): Reference => withDefaultTag(parseReference(text));

export const withDefaultTag = (reference: Reference): Reference =>
  reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;

/** undefined instead of an error */
export const tryParseReference = (text: string): Reference | undefined => {
  try {
    return parseReference(text);
  } catch {
    // parseReference throws for nothing else than what it was given
    return undefined;
  }
};

/** The full name the store keeps: `docker.io/library/debian:12`. */
export const formatReference = (reference: Reference): string => `${repositoryOf(reference)}${suffixOf(reference)}`;

/** What people see: `debian:12`. */
export const familiarReference = (reference: Reference): string => `${familiarName(reference)}${suffixOf(reference)}`;

/** `docker.io/library/debian` */
export const repositoryOf = ({ domain, path }: Reference): string => `${domain}/${path}`;

/** `debian`, `user/name`, `registry.example/name` */
export const familiarName = ({ domain, path }: Reference): string => {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const short = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path;
  // library/a/b without its prefix would be read as user a's image b
  return short.includes('/') && short !== path ? path : short;
};

const suffixOf = ({ tag, digest }: Reference): string =>
  `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;

const splitSuffixes = (text: string): { readonly name: string; readonly tag?: string; readonly digest?: Digest } => {
  const at = text.indexOf('@');
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, `${shorten(digest)} is not a sha256 digest`);
  const colon = beforeDigest.lastIndexOf(':');
  // A colon before the last slash belongs to the domain's port.
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  return {
    name: hasTag ? beforeDigest.slice(0, colon) : beforeDigest,
    ...(hasTag ? { tag: beforeDigest.slice(colon + 1) } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
};

const splitDomain = (name: string): { readonly domain: string; readonly path: string } => {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = hasDomain ? first : defaultDomain;
  const path = hasDomain ? name.slice(slash + 1) : name;
  if (domain !== defaultDomain && domain !== legacyDefaultDomain) return { domain, path };
  return { domain: defaultDomain, path: path.includes('/') ? path : `${officialPrefix}${path}` };
};

const invalid = (text: string, hint?: string): Error =>
  sampanError('ERR_INVALID_REFERENCE', { subject: shorten(text), hint });
