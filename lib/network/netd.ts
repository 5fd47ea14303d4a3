// SPDX-License-Identifier: Apache-2.0
// The client of the network process (addon/helper/netd.h): finds it, starts it when nobody answers, and asks.

import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { errnoName } from '../native/errno.js';
import { decodeFrame, encodeFrame, type Command, type HelperEvent } from '../native/frames.js';
import { failureOf, lostHelper, spawnHelper } from '../native/helper.js';
import type { Fd, Native } from '../native/native.js';
import type { PlanOperation } from '../native/protocol.js';

const socketName = 'netd';
/** How long it stays when nobody needs it: the next container of a script finds it there. */
const lingerMs = 3000;
/** An ending netd and one that is being started are gone or there within milliseconds. */
const attempts = 200;
const retryMs = 5;
/** A netd that is stopped, or stuck, is not waited for without end; one on a slow machine answers long before. */
const answerMs = 30_000;

export interface NetdOptions {
  /** where its socket and lock are; in one that is named after the data root */
  readonly directory: string;
  /** to be called before anything is written there */
  readonly makeDirectory: () => void;
  /** that of a container of an earlier netd, to be served as well; the caller's to close */
  readonly openUserNamespace: () => Fd | undefined;
  /** gives it the user namespace that containers have (runtime/id-map.ts) */
  readonly namespaces: readonly PlanOperation[];
}

/** A connection to netd, started if need be; the caller's to close. While it is open, netd stays. */
export const connectToNetd = async (native: Native, options: NetdOptions): Promise<Fd> => {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const connected = tryConnect(native, options.directory);
    if (connected !== undefined) return connected;
    if (!(await start(native, options))) await sleep(retryMs);
  }
  throw sampanError('ERR_NETD', {
    subject: 'it does not answer',
    hint: `is ${options.directory} a directory of yours, on a file system with locks?`,
  });
};

/** undefined when nobody answers */
export const tryConnect = (native: Native, directory: string): Fd | undefined => {
  try {
    return native.seqpacketConnect(directory, socketName);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) return undefined;
    throw error;
  }
};

/** False when another one is there already, or about to be. @throws what kept it from starting */
const start = async (native: Native, options: NetdOptions): Promise<boolean> => {
  const { directory, namespaces } = options;
  const descriptors: Fd[] = [];
  options.makeDirectory();
  try {
    descriptors.push(openSync(directory, 'r'));
    descriptors.push(options.openUserNamespace() ?? openSync('/dev/null', 'r'));
    const spawned = spawnHelper(native, {
      role: 'netd',
      title: `sampan-netd ${basename(dirname(directory))}`,
      operations: [...namespaces, { op: 'netd', directory: 0, user_namespace: 1, linger_ms: lingerMs }],
      descriptors,
    });
    closeSync(spawned.pidfd);
    const event = await answerOf(native, spawned.control, { patienceMs: answerMs, directory });
    if (event?.type === 'ready') return true;
    const failure = event?.type === 'error' ? failureOf(event) : lostHelper('READY');
    // ENOENT: another command has removed the directory, which was empty still.
    if (failure.code === 'EAGAIN' || failure.code === 'ENOENT') return false;
    throw sampanError('ERR_NETD', {
      subject: `it cannot start: ${failure.subject}`,
      cause: failure,
      hint: "'sampan system check' tests what the engine needs, one by one; --network none and --network host do without",
    });
  } finally {
    for (const fd of descriptors) closeSync(fd);
  }
};

/** One request on a connection of its own; undefined when no netd runs. @throws ERR_NETD when it was refused */
export const askNetd = async (
  native: Native,
  directory: string,
  command: Command,
  patienceMs = answerMs,
): Promise<HelperEvent | undefined> => {
  const connected = tryConnect(native, directory);
  if (connected === undefined) return undefined;
  const answer = await answerOf(native, connected, { patienceMs, directory, command });
  if (answer?.type !== 'netFailed') return answer;
  throw sampanError('ERR_NETD', {
    subject: answer.subject,
    errno: answer.errno,
    cause: new Error(`${answer.detail}: ${errnoName(answer.errno)}`),
  });
};

/** Why netd refused. */
export const errnoOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'errno' in error && typeof error.errno === 'number'
    ? errnoName(error.errno)
    : '';

interface Question {
  readonly patienceMs: number;
  readonly directory: string;
  readonly command?: Command;
}

/** The first message; the connection is closed then. undefined when there is none. @throws ERR_NETD when none comes */
const answerOf = (native: Native, fd: Fd, question: Question): Promise<HelperEvent | undefined> =>
  new Promise((resolve, reject) => {
    const { patienceMs, directory, command } = question;
    const fail = (error: unknown): void => {
      if (hasErrno(error, 'ECONNRESET', 'EPIPE')) resolve(undefined);
      else reject(error instanceof Error ? error : new Error(String(error)));
    };
    const channel = native.openChannel(fd, {
      onMessage: (message) => {
        end();
        resolve(decodeFrame(message));
      },
      onDrain: () => undefined,
      onClose: (error) => {
        end();
        if (error === undefined) resolve(undefined);
        else fail(error);
      },
    });
    const timer = setTimeout(() => {
      end();
      reject(silent(directory, patienceMs));
    }, patienceMs);
    const end = (): void => {
      clearTimeout(timer);
      channel.close();
    };
    try {
      if (command !== undefined) channel.send(encodeFrame(command));
    } catch (error) {
      end();
      fail(error);
    }
  });

const silent = (directory: string, patienceMs: number): Error =>
  sampanError('ERR_NETD', {
    subject: `no answer within ${String(patienceMs / 1000)} seconds from the one of ${directory}`,
    hint:
      `is it stopped? 'ps -C sampan-netd -o pid,stat,args' shows it: state T is ended by 'kill -CONT <pid>'; ` +
      `after 'kill -9 <pid>' containers that run get a new one by themselves`,
  });
