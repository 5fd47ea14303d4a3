// SPDX-License-Identifier: Apache-2.0
// What tests of the client start from: a home of their own, an image, and pushing and pulling it as app:1.

import { rmSync } from 'node:fs';
import { parseReference, type Reference } from '../../../lib/image/reference.js';
import type { RegistryAccess } from '../../../lib/registry/open.js';
import { pullImage, type PulledImage } from '../../../lib/registry/pull.js';
import { pushImage } from '../../../lib/registry/push.js';
import { replaceUserFile } from '../../../lib/store/user-file.js';
import { temporaryDirectory, testPassword, testUser } from './counterparts.js';
import { makeImage, memorySink, openTestAccess, type AccessOptions, type TestImage } from './image.js';

export interface Fixture {
  /** new for each test */
  readonly home: string;
  readonly image: TestImage;
  open(options?: Omit<AccessOptions, 'home' | 'replaceFile'>): Promise<RegistryAccess>;
  push(access: RegistryAccess, registry: string): Promise<string>;
  pull(access: RegistryAccess, registry: string): Promise<PulledImage>;
}

const at = (registry: string): Reference => parseReference(`${registry}/app:1`);
const platform = { os: 'linux', architecture: 'amd64' };

/** Called in a describe block. */
export const useFixture = (): Fixture => {
  let home = '';
  const image = makeImage({ layerBytes: [100_000, 200_000, 300_000] });
  beforeEach(() => {
    home = temporaryDirectory();
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  return {
    get home() {
      return home;
    },
    image,
    open: (options = {}) => openTestAccess({ home, replaceFile: replaceUserFile, ...options }),
    push: (access, registry) => pushImage({ access, reference: at(registry), root: image.root, source: image }),
    pull: (access, registry) => pullImage({ access, reference: at(registry), platform, sink: memorySink() }),
  };
};

export const basicAuth = (password = testPassword): string => Buffer.from(`${testUser}:${password}`).toString('base64');

/** The variable that has the secret of a registry. */
export const inline = (registry: string, password?: string): Readonly<Record<string, string>> => ({
  DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry]: { auth: basicAuth(password) } } }),
});
