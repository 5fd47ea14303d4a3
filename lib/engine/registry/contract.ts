// SPDX-License-Identifier: Apache-2.0
// The part of the engine contract that is about registries: logins, searching, manifests, and copying past the store.

import type { Endpoint } from '../../image/endpoint.js';
import type { SearchResult } from '../../registry/search.js';
import type { ArchiveStream } from '../archive-contract.js';
import type { OnTransfer } from '../contract.js';

export type { SearchResult };

export interface LoginRequest {
  /** as people write it: a host, a url, empty for Docker Hub */
  readonly server: string;
  readonly username: string;
  readonly password: string;
  readonly signal?: AbortSignal;
}

export interface LoginReport {
  /** the file, or the credential helper */
  readonly keptIn: string;
  /** in plain text in a file, because no helper is configured */
  readonly inPlainText: boolean;
  /** a variable that is asked first, and knows the registry too */
  readonly hiddenBy?: string;
  /** other users could read the file until now */
  readonly wasReadableByOthers: boolean;
}

export interface LogoutReport {
  readonly registry: string;
  /** files and helpers that the credentials were removed from */
  readonly places: readonly string[];
}

export interface SearchOptions {
  readonly limit: number;
  /** docker's filters: stars, is-official, is-automated */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly signal?: AbortSignal;
}

export interface SearchReport {
  readonly kind: 'search' | 'catalog';
  readonly results: readonly SearchResult[];
}

/** A manifest with what an index says of it. */
export interface ManifestEntry {
  /** by digest when an index names it */
  readonly reference: string;
  readonly descriptor: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
}

export interface ManifestReport {
  readonly kind: 'manifest' | 'index';
  readonly bytes: Uint8Array;
  /** only when asked for: each manifest of an index, or the one */
  readonly entries: readonly ManifestEntry[];
}

export interface CopyOptions {
  /** every platform of an index; else this machine's, or `platform` */
  readonly all: boolean;
  readonly platform?: string;
  readonly onEvent?: OnTransfer;
  readonly signal?: AbortSignal;
}

export interface CopyReport {
  /** of the manifest or index that was copied */
  readonly digest: string;
  /** the destination is a file: what is to be in it. The layers are copied while it is read. */
  readonly archive?: ArchiveStream;
}

export interface RegistryService {
  /** Tries the credentials, then keeps them. @throws ERR_REGISTRY_LOGIN */
  login(request: LoginRequest): Promise<LoginReport>;
  /** Tries what is kept; undefined when nothing is. @throws ERR_REGISTRY_LOGIN */
  loginAgain(
    server: string,
    options: { readonly signal?: AbortSignal },
  ): Promise<{ readonly username?: string } | undefined>;
  logout(server: string): Promise<LogoutReport>;
  /** `debian` on Docker Hub; `registry.example/term`, `registry.example/` for everything */
  search(term: string, options: SearchOptions): Promise<SearchReport>;
  /** what a registry has under a name, without the image */
  manifest(
    name: string,
    options: { readonly entries: boolean; readonly signal?: AbortSignal },
  ): Promise<ManifestReport>;
  /** between registries, archives and layouts, past the store; layers stay as they are */
  copy(from: Endpoint, to: Endpoint, options: CopyOptions): Promise<CopyReport>;
}
