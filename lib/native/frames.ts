// SPDX-License-Identifier: Apache-2.0
// Control frames as values: encode what goes to a helper, decode what comes from it (addon/protocol/frames.def).

import { endianness } from 'node:os';
import { frameType } from './protocol.js';

export const streamStdin = 1;
export const streamStdout = 2;
export const streamStderr = 4;

const headerSize = 16;
/** of the payload of one frame */
export const maxPayloadSize = 64 * 1024;

/** To a helper. */
export type Command =
  | { readonly type: 'go' }
  | { readonly type: 'attach'; readonly streams: number; readonly detachKeys?: string | undefined }
  /** at most maxPayloadSize bytes */
  | { readonly type: 'stdinData'; readonly data: Uint8Array }
  | { readonly type: 'stdinEof' }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  /** to netd: descriptions of lib/network/description.ts, an id of a network */
  | {
      readonly type: 'netConnect' | 'netDisconnect' | 'netPublish' | 'netWithdraw' | 'netRename' | 'netForget';
      readonly text: string;
    }
  | { readonly type: 'netList' };

/** From a helper. */
export type HelperEvent =
  | {
      readonly type: 'ready';
      readonly pid: number;
      /** decimal clock ticks since boot */
      readonly startTime: string;
      /** where its ports are published: lines of lib/network/description.ts */
      readonly published: string;
    }
  | { readonly type: 'started' }
  | {
      readonly type: 'error';
      readonly stage: 'monitor' | 'init';
      readonly errno: number;
      readonly operation: number;
      readonly index: number;
      readonly subject: string;
      readonly detail: string;
    }
  | { readonly type: 'attached'; readonly tty: boolean; readonly stdinOpen: boolean }
  | { readonly type: 'stdoutData'; readonly data: Buffer }
  | { readonly type: 'stderrData'; readonly data: Buffer }
  | { readonly type: 'exit'; readonly code: number; readonly signal: number; readonly outOfMemory: boolean }
  | { readonly type: 'detached' }
  | { readonly type: 'result'; readonly counts: Readonly<Record<string, number>> }
  | {
      readonly type: 'netDone';
      /** of netPublish: where the ports are now, as with ready */
      readonly published: string;
    }
  | { readonly type: 'netFailed'; readonly errno: number; readonly subject: string; readonly detail: string }
  | { readonly type: 'netState'; readonly json: string };

export const encodeFrame = (command: Command): Buffer => {
  switch (command.type) {
    case 'go':
    case 'stdinEof':
    case 'netList':
      return frame(frameType[command.type]);
    case 'attach':
      return frame(frameType.attach, { a: command.streams, payload: Buffer.from(command.detachKeys ?? '', 'latin1') });
    case 'stdinData':
      return frame(frameType.stdinData, { payload: command.data });
    case 'resize':
      return frame(frameType.resize, { a: command.columns, b: command.rows });
    case 'netConnect':
    case 'netDisconnect':
    case 'netPublish':
    case 'netWithdraw':
    case 'netRename':
    case 'netForget':
      return frame(frameType[command.type], { payload: Buffer.from(command.text) });
  }
};

/** @throws Error for a message that is no frame to a client: the peer is not our helper, or of another version */
export const decodeFrame = (message: Buffer): HelperEvent => {
  if (message.length < headerSize) throw new Error(`frame of ${String(message.length)} bytes`);
  const { type, flags, a, b, c } = readHeader(message);
  const payload = message.subarray(headerSize);
  switch (type) {
    case frameType.ready:
      return {
        type: 'ready',
        pid: a,
        startTime: ((BigInt(c) << 32n) | BigInt(b)).toString(),
        published: payload.toString('utf8'),
      };
    case frameType.started:
      return { type: 'started' };
    case frameType.error: {
      const [subject = '', detail = ''] = payload.toString('utf8').split('\0');
      const stage = flags === 0 ? 'monitor' : 'init';
      return { type: 'error', stage, errno: a, operation: b, index: c, subject, detail };
    }
    case frameType.attached:
      return { type: 'attached', tty: a === 1, stdinOpen: b === 1 };
    case frameType.stdoutData:
      return { type: 'stdoutData', data: payload };
    case frameType.stderrData:
      return { type: 'stderrData', data: payload };
    case frameType.exit:
      return { type: 'exit', code: a, signal: b, outOfMemory: c === 1 };
    case frameType.detached:
      return { type: 'detached' };
    case frameType.result:
      return { type: 'result', counts: parseCounts(payload.toString('utf8')) };
    case frameType.netDone:
      return { type: 'netDone', published: payload.toString('utf8') };
    case frameType.netFailed: {
      const [subject = '', detail = ''] = payload.toString('utf8').split('\0');
      return { type: 'netFailed', errno: a, subject, detail };
    }
    case frameType.netState:
      return { type: 'netState', json: payload.toString('utf8') };
    default:
      throw new Error(`frame of unknown type ${String(type)}`);
  }
};

/** The wire is in host byte order: both ends are on one machine. */
const littleEndian = endianness() === 'LE';

const readHeader = (message: Buffer) => {
  const view = new DataView(message.buffer, message.byteOffset, headerSize);
  return {
    type: view.getUint16(0, littleEndian),
    flags: view.getUint16(2, littleEndian),
    a: view.getUint32(4, littleEndian),
    b: view.getUint32(8, littleEndian),
    c: view.getUint32(12, littleEndian),
  };
};

const frame = (
  type: number,
  { a = 0, b = 0, payload }: { readonly a?: number; readonly b?: number; readonly payload?: Uint8Array } = {},
): Buffer => {
  const size = payload?.length ?? 0;
  if (size > maxPayloadSize) throw new RangeError(`frame payload of ${String(size)} bytes`);
  const bytes = Buffer.allocUnsafe(headerSize + size).fill(0, 0, headerSize);
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerSize);
  view.setUint16(0, type, littleEndian);
  view.setUint32(4, a, littleEndian);
  view.setUint32(8, b, littleEndian);
  if (payload !== undefined) bytes.set(payload, headerSize);
  return bytes;
};

const parseCounts = (text: string): Readonly<Record<string, number>> => {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Object.values(value).some((count) => typeof count !== 'number')) {
    throw new Error(`result frame: ${text}`);
  }
  // every member was just seen to be a number
  return value as Record<string, number>;
};
