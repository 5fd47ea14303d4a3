// SPDX-License-Identifier: Apache-2.0
// The one place of the engine that opens access to registries: configuration, secrets, connections. Nothing of it, and
// no HTTP library, is loaded before a command asks, and one command opens it once.

import type { RegistryAccess } from '../registry/open.js';
import type { Locks } from '../store/locks.js';
import { lockUserFile, replaceUserFile } from '../store/user-file.js';
import { productVersion } from './system/version.js';

/** One line for people who look for the cause of trouble; no secrets. */
export type EngineDebug = (message: string, details?: Readonly<Record<string, unknown>>) => void;

export interface RegistryDoorInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
  readonly locks: Pick<Locks, 'file'>;
  readonly debug?: EngineDebug | undefined;
}

/** Disposing it ends the connections; it belongs to the engine, and so does what it opened. */
export interface RegistryDoor extends AsyncDisposable {
  /** @throws ERR_REGISTRY_CONFIG */
  open(): Promise<RegistryAccess>;
}

export const openRegistryDoor = ({ env, home, uid, locks, debug }: RegistryDoorInput): RegistryDoor => {
  let opened: Promise<RegistryAccess> | undefined;
  const openAccess = async (): Promise<RegistryAccess> => {
    const { openRegistryAccess } = await import('../registry/open.js');
    return openRegistryAccess({
      env,
      home,
      uid,
      userAgent: `sampan/${productVersion}`,
      replaceFile: replaceUserFile,
      lockFile: (path) => lockUserFile(locks, path),
      ...(debug === undefined ? {} : { debug: (fields) => debug('registry', fields) }),
    });
  };
  return {
    open: () => (opened ??= openAccess()),
    [Symbol.asyncDispose]: async () => {
      const access = opened;
      opened = undefined;
      // one that never opened has nothing to close: who asked for it knows why
      await access?.then((there) => there[Symbol.asyncDispose]()).catch(() => undefined);
    },
  };
};
