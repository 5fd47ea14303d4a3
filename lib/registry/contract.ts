// SPDX-License-Identifier: Apache-2.0
// What the registry layer needs from its caller and tells it: places for content, sources of content, and events.
// The store is on this layer's own level, so the engine hands these in.

import type { Descriptor } from '../image/descriptor.js';
import type { Digest } from '../image/digest.js';

/** Where pulled content goes. Nothing becomes visible here: the caller publishes what pull() reports. */
export interface BlobSink {
  /** true when the content is there already, whole */
  has(descriptor: Descriptor): boolean | Promise<boolean>;
  /** A document that is there, verified: it needs no request. */
  read?(descriptor: Descriptor): Uint8Array | undefined;
  /**
   * Takes a blob. The sink computes the digest of every byte it keeps (also of those that an earlier try left) and
   * says what it found; a promise that rejects leaves nothing visible. What turned out to be wrong must not be kept for
   * another try; what was merely cut may be, and `content.from` then goes on behind it.
   */
  stage(descriptor: Descriptor, content: BlobContent): Promise<{ readonly digest: Digest; readonly size: number }>;
}

/** A blob on its way; may be opened again after a failure. */
export interface BlobContent {
  /** Exactly size - offset bytes, or it throws. */
  from(offset: number): AsyncIterable<Uint8Array>;
}

/** Where pushed content comes from. */
export interface BlobSource {
  /** @throws when the content is not there */
  open(descriptor: Descriptor, offset: number): AsyncIterable<Uint8Array>;
}

export type BlobStatus = 'waiting' | 'exists' | 'mounted' | 'transferring' | 'retrying' | 'done';

/** What happens, as data; the command line draws it. */
export type RegistryEvent =
  | { readonly kind: 'resolved'; readonly reference: string; readonly digest: Digest }
  | {
      readonly kind: 'blob';
      readonly digest: Digest;
      readonly role: 'config' | 'layer';
      readonly status: BlobStatus;
      /** bytes transferred so far */
      readonly bytes: number;
      readonly size: number;
      /** mounted: the repository that had it */
      readonly from?: string;
    };

export type OnEvent = (event: RegistryEvent) => void;

/** A secret pair, or a token that the registry gave out at login. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identityToken'; readonly token: string }
  | { readonly kind: 'registryToken'; readonly token: string };

/** What a step is about, for every message. */
export interface StepSubject {
  /** as people write it: docker.io, registry.example:5000 */
  readonly registry: string;
  readonly repository?: string;
  /** fetching the manifest of 12, uploading layer sha256:... */
  readonly step: string;
  /** what to do when it is not there */
  readonly missingHint?: string;
}

/** One line for debugging; urls without their query, headers never. */
export type DebugLog = (fields: Readonly<Record<string, string | number>>) => void;
