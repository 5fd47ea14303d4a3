// SPDX-License-Identifier: Apache-2.0
// The registry part of the engine contract. What talks to a registry is loaded when it is first asked for.

import type { RegistryService } from '../contract.js';
import type { RegistryContext } from './context.js';
import { parseServer } from './server-name.js';

export const openRegistryService = (context: RegistryContext): RegistryService => ({
  login: async ({ server, ...given }) => {
    const registry = parseServer(server);
    const { login } = await import('../../registry/login.js');
    return login({ access: await context.openRegistries(), registry, ...given });
  },
  loginAgain: async (server, { signal }) => {
    const registry = parseServer(server);
    const { loginAgain } = await import('../../registry/login.js');
    return loginAgain({ access: await context.openRegistries(), registry, signal });
  },
  logout: async (server) => {
    const registry = parseServer(server);
    const { credentials } = await context.openRegistries();
    return { registry, places: await credentials.remove(registry) };
  },
  search: async (term, options) => {
    const { search } = await import('./search.js');
    return search(context, term, options);
  },
  manifest: async (name, options) => {
    const { fetchManifest } = await import('./manifest.js');
    return fetchManifest(context, name, options);
  },
  copy: async (from, to, options) => {
    const { copyImage } = await import('./copy.js');
    return copyImage(context, { from, to }, options);
  },
});
