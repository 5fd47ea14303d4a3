// SPDX-License-Identifier: Apache-2.0
// Tokens by scope. Layers ask at once: one of them fetches, all wait for it.

import type { Token } from './token.js';

export interface TokenCache {
  get(key: string, fetch: () => Promise<Token>): Promise<Token>;
  /** Forgets a token that the registry did not take. */
  drop(value: string): Promise<void>;
  all(): Promise<readonly Token[]>;
}

export const makeTokenCache = (): TokenCache => {
  const tokens = new Map<string, Promise<Token>>();
  return {
    get: async (key, fetch) => {
      const known = tokens.get(key);
      const token = await known?.catch(() => undefined);
      if (token !== undefined && token.expiresAtMs > performance.now()) return token;
      // while this waited, somebody else may have begun to fetch a new one
      if (tokens.get(key) === known) tokens.delete(key);
      const pending = tokens.get(key) ?? fetch();
      tokens.set(key, pending);
      try {
        return await pending;
      } catch (error) {
        if (tokens.get(key) === pending) tokens.delete(key);
        throw error;
      }
    },
    drop: async (value) => {
      for (const [key, pending] of [...tokens]) {
        const token = await pending.catch(() => undefined);
        if (token?.value === value && tokens.get(key) === pending) tokens.delete(key);
      }
    },
    all: async () =>
      (await Promise.allSettled(tokens.values())).flatMap((result) =>
        result.status === 'fulfilled' ? [result.value] : [],
      ),
  };
};
