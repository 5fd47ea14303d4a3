// SPDX-License-Identifier: Apache-2.0
// Connecting to the monitor of a running container: to attach, or only to learn how it ends.

import { hasErrno } from '../errors/sampan-error.js';
import type { Native } from '../native/native.js';
import { Connection } from './connection.js';
import { openSession, type Session } from './session.js';

export interface AttachTarget {
  /** directory and name of the monitor's socket */
  readonly directory: string;
  readonly socket: string;
  /** how the user calls the container */
  readonly subject: string;
  /** sends a signal to the process */
  readonly signal: (signal: number) => void;
}

/** undefined when the monitor serves nobody any more. @param streams bits of frames.ts; 0 waits for the end only */
export const attachToMonitor = async (
  native: Native,
  target: AttachTarget,
  options: { readonly streams: number; readonly detachKeys?: string | undefined },
): Promise<Session | undefined> => {
  const connection = connect(native, target);
  if (connection === undefined) return undefined;
  await connection.send({ type: 'attach', streams: options.streams, detachKeys: options.detachKeys });
  const answer = await connection.receive();
  if (answer?.type === 'attached') return openSession(connection, { ...target, tty: answer.tty });
  connection.close();
  return undefined;
};

const connect = (native: Native, { directory, socket }: AttachTarget): Connection | undefined => {
  try {
    const fd = native.seqpacketConnect(directory, socket);
    return new Connection((handlers) => native.openChannel(fd, handlers));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) return undefined;
    throw error;
  }
};
