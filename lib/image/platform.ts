// SPDX-License-Identifier: Apache-2.0
// Platforms `os/architecture[/variant]` (image-spec 1.1, image-index.md), normalised as Go and the registries write them.

import { sampanError } from '../errors/sampan-error.js';
import { shorten } from '../util/shorten.js';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const word = /^[a-z0-9_]{1,32}$/;

/** What other tools call the same processor: name -> [architecture, variant]. */
const aliases: ReadonlyMap<string, readonly [string, string?]> = new Map([
  ['x86_64', ['amd64']],
  ['x86-64', ['amd64']],
  ['aarch64', ['arm64']],
  ['armhf', ['arm', 'v7']],
  ['armel', ['arm', 'v6']],
  ['i386', ['386']],
  ['i686', ['386']],
]);

/** Node's process.arch in Go's words. */
const nodeArchitectures: Readonly<Record<string, readonly [string, string?]>> = {
  x64: ['amd64'],
  ia32: ['386'],
  arm: ['arm', 'v7'],
  loong64: ['loong64'],
  mipsel: ['mipsle'],
};

/** `linux/arm64`, `arm64`, `linux/arm/v7`. @throws ERR_INVALID_VALUE */
export const parsePlatform = (text: string): Platform => {
  const parts = text.toLowerCase().split('/');
  // one word is an architecture
  const [os = '', architecture = '', variant] = parts.length === 1 ? ['linux', text.toLowerCase()] : parts;
  if (parts.length > 3 || architecture === 'linux') throw invalid(text);
  const platform = normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
  if (![platform.os, platform.architecture, platform.variant ?? 'v8'].every((part) => word.test(part)))
    throw invalid(text);
  return platform;
};

/** One spelling per platform: arm64 is v8 without saying so, arm is v7 unless it says otherwise. */
export const normalizePlatform = ({ os, architecture, variant }: Platform): Platform => {
  const [known, knownVariant] = aliases.get(architecture) ?? [architecture];
  const given = variant === undefined || variant === '' ? knownVariant : normalVariant(known, variant);
  const normal = known === 'arm64' && given === 'v8' ? undefined : known === 'arm' ? (given ?? 'v7') : given;
  return { os, architecture: known, ...(normal === undefined ? {} : { variant: normal }) };
};

/** The platform of this process. */
export const hostPlatform = (nodeArchitecture: string): Platform => {
  const [architecture, variant] = nodeArchitectures[nodeArchitecture] ?? [nodeArchitecture];
  return normalizePlatform({ os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) });
};

export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');

/**
 * How well something made for `offered` runs on `wanted`: 0 not at all, higher is better. A 32-bit arm program runs on
 * every later variant, and an image that names no variant is taken for the plain one.
 */
export const matchPlatform = (wanted: Platform, offered: Platform): number => {
  const [want, have] = [normalizePlatform(wanted), normalizePlatform(offered)];
  if (want.os !== have.os || want.architecture !== have.architecture) return 0;
  if (want.variant === have.variant) return exactMatch;
  const [wantLevel, haveLevel] = [variantLevel(want.variant), variantLevel(have.variant)];
  return haveLevel < wantLevel ? 1 + haveLevel : 0;
};

const exactMatch = 1000;

const variantLevel = (variant: string | undefined): number => Number(/^v(\d{1,2})/.exec(variant ?? '')?.[1] ?? 0);

const normalVariant = (architecture: string, variant: string): string =>
  architecture.startsWith('arm') && /^\d+$/.test(variant) ? `v${variant}` : variant;

const invalid = (text: string): Error =>
  sampanError('ERR_INVALID_VALUE', {
    subject: `platform ${shorten(text)}`,
    hint: 'for example linux/amd64 or linux/arm/v7',
  });
