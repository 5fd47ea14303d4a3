// SPDX-License-Identifier: Apache-2.0
// A registry for tests of pull, and a proxy in front of it that does what a test wants. Called at the top of a file.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startRegistry, type RunningRegistry } from '../registry/support/counterparts.js';
import { startFaultProxy, type FaultProxy } from '../registry/support/fault-proxy.js';
import { sandbox, uniqueName } from './tool.js';

export const pullingWords = [
  'userns',
  'mount-in-userns',
  'overlay-in-userns',
  'subids',
  'busybox',
  'docker-registry',
] as const;

export interface Pulling {
  readonly registry: RunningRegistry;
  /** forgets between tests what it saw and was told */
  readonly proxy: FaultProxy;
  nameAt(host: { readonly name: string }, repository?: string, tag?: string): string;
  /** the same image through the proxy */
  viaProxy(name: string): string;
  /** what unfinished downloads left in the store */
  partials(): readonly string[];
  blobRequests(): FaultProxy['seen'];
}

export const usePulling = (): Pulling => {
  let registry: RunningRegistry;
  let proxy: FaultProxy;
  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startFaultProxy(registry.port);
  });
  beforeEach(() => {
    proxy.seen.length = 0;
    proxy.decide = () => undefined;
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  return {
    get registry() {
      return registry;
    },
    get proxy() {
      return proxy;
    },
    nameAt: (host, repository = uniqueName('r'), tag = '1') => `${host.name}/${repository}:${tag}`,
    viaProxy: (name) => name.replace(registry.name, proxy.name),
    partials: () => readdirSync(join(sandbox().dataRoot, 'downloads')),
    blobRequests: () => proxy.seen.filter(({ url }) => url.includes('/blobs/')),
  };
};
