// SPDX-License-Identifier: Apache-2.0
// Which kind of network a container has, from the one word that docker calls its network mode.

/** bridge: networks of its own, by interfaces; container: that of another container */
export type NetworkKind = 'none' | 'host' | 'bridge' | 'container';

const sharedPrefix = 'container:';

export const networkKind = (mode: string): NetworkKind => {
  if (mode === 'none' || mode === 'host') return mode;
  return mode.startsWith(sharedPrefix) ? 'container' : 'bridge';
};

/** The container that a mode container:X names. */
export const sharedContainer = (mode: string): string => mode.slice(sharedPrefix.length);
export const sharedMode = (id: string): string => `${sharedPrefix}${id}`;

/** One --network: the name of a network (or a mode), and what the container is to be in it. */
export interface NetworkRequest {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
}
