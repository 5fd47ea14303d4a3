// SPDX-License-Identifier: Apache-2.0
// The surface of the addon, typed: everything TypeScript can ask of C++. lib/native/load.ts is the only place that
// loads it. Errors thrown by these functions look like those of node:fs: `errno` (negative), `code` ('ENOENT'), `syscall`
// and, where there is one, `path`. Arguments of the wrong kind are a TypeError.

/** A descriptor owned by the caller: closed with fs.closeSync. */
export type Fd = number;

export interface SpawnOptions {
  /** descriptor of the (sealed) executable, given to execveat(2) with AT_EMPTY_PATH */
  readonly executable: Fd;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** descriptors the child gets as 0, 1, 2, 3, ... in this order; all others are closed in it */
  readonly fds: readonly Fd[];
}

export interface Spawned {
  readonly pid: number;
  /** pidfd (pidfd_open(2)), close-on-exec, owned by the caller */
  readonly pidfd: Fd;
}

/** One end of a SOCK_SEQPACKET connection driven by the event loop (uv_poll). */
export interface Channel {
  /**
   * Sends one message. Returns false when the socket is full: the message is queued, and onDrain is called once the queue is empty.
   * Throws EPIPE/ECONNRESET as codes when the peer is gone.
   */
  send(message: Uint8Array): boolean;
  /** stop and continue reading (back-pressure) */
  pause(): void;
  resume(): void;
  /** idempotent */
  close(): void;
}

export interface ChannelHandlers {
  readonly onMessage: (message: Buffer) => void;
  readonly onDrain: () => void;
  /**
   * The peer closed, or an error ended the connection; the last call, after all messages that the peer sent, and not
   * after close(). That the peer left messages of ours unread is no error.
   */
  readonly onClose: (error: Error | undefined) => void;
}

/** gzip data in, plain data into a pipe, on the thread pool. */
export interface Inflater {
  /**
   * Decompresses these pieces, which must not change until it resolves; one call at a time. Waits while the pipe is full;
   * a reader that has left is no error. Rejects with EBADMSG when the data is damaged.
   */
  push(chunks: readonly Uint8Array[]): Promise<void>;
  /** The sha256 of the plain data, as hex; closes the pipe. EBADMSG when the data ends in the middle. */
  finish(): string;
  /** closes the pipe, now or when the push under way is done; idempotent */
  close(): void;
}

export type LockKind = 'shared' | 'exclusive';

export interface Native {
  /** clone3(CLONE_VM|CLONE_VFORK|CLONE_PIDFD) + execveat; Linux 5.4. */
  spawn(options: SpawnOptions): Spawned;
  /** memfd_create + write + F_ADD_SEALS(SEAL|SHRINK|GROW|WRITE); Linux 3.17 */
  sealedMemfd(name: string, content: Uint8Array): Fd;
  /** the same with the content of a file (sendfile) */
  sealedMemfdFromFile(name: string, path: string): Fd;
  /** socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC): [ours, theirs] */
  seqpacketPair(): readonly [Fd, Fd];
  /** pipe2(O_CLOEXEC): [read end, write end]; the buffer is 1 MiB where F_SETPIPE_SZ allows it */
  pipe(): readonly [Fd, Fd];
  /** connects to a SOCK_SEQPACKET socket named `name` in the directory `directory` (through /proc/self/fd, so that path length does not matter) */
  seqpacketConnect(directory: string, name: string): Fd;
  /** takes ownership of the descriptor, also when it throws; an open channel keeps the event loop alive unless paused */
  openChannel(fd: Fd, handlers: ChannelHandlers): Channel;
  /** pidfd_open(2), Linux 5.3 */
  pidfdOpen(pid: number): Fd;
  /** pidfd_send_signal(2), Linux 5.1 */
  pidfdSendSignal(pidfd: Fd, signal: number): void;
  /**
   * Resolves true when the process behind the pidfd has ended, false after cancel() (uv_poll); does not reap. The pidfd
   * may be closed meanwhile. Keeps the event loop alive until then.
   */
  pidfdWait(pidfd: Fd): { readonly done: Promise<boolean>; cancel(): void };
  /** waitid(P_PIDFD, WEXITED|WNOHANG) of a child of ours: {code, signal}, undefined while it lives */
  reap(pidfd: Fd): { readonly code: number; readonly signal: number } | undefined;
  /** fcntl(F_OFD_SETLK): true when the lock was taken, false when another holds it; Linux 3.15 */
  tryLock(fd: Fd, kind: LockKind): boolean;
  unlock(fd: Fd): void;
  /** open_how { flags, mode, resolve } on a path below a directory descriptor; Linux 5.6 */
  openat2(directory: Fd, path: string, flags: number, mode: number, resolve: number): Fd;
  /** renameat2(2) with AT_FDCWD; flags: RENAME_NOREPLACE 1, RENAME_EXCHANGE 2; Linux 3.15 */
  renameat2(from: string, to: string, flags: number): void;
  /** statfs(2): f_type, free and total bytes */
  statfs(path: string): { readonly type: number; readonly freeBytes: number; readonly totalBytes: number };
  /** false where Node brings no zlib or no OpenSSL for addons */
  hasInflater(): boolean;
  /** takes ownership of the pipe, also when it throws */
  openInflater(output: Fd): Inflater;
  /** tcsetattr(3) with cfmakeraw(3): nothing is translated in either direction. Returns the settings from before. */
  terminalRaw(fd: Fd): Uint8Array;
  /** the settings that terminalRaw returned */
  terminalRestore(fd: Fd, saved: Uint8Array): void;
}
