// SPDX-License-Identifier: Apache-2.0
import { endianness } from 'node:os';
import {
  decodeFrame,
  encodeFrame,
  maxPayloadSize,
  type Command,
  type HelperEvent,
} from '../../../lib/native/frames.js';
import { frameType } from '../../../lib/native/protocol.js';

const onLittleEndian = endianness() === 'LE' ? test : test.failing;

onLittleEndian.each<[Command, string]>([
  [{ type: 'go' }, '01000000 00000000 00000000 00000000'],
  [{ type: 'attach', streams: 7, detachKeys: '\u0010\u0011' }, '02000000 07000000 00000000 00000000 1011'],
  [{ type: 'attach', streams: 0 }, '02000000 00000000 00000000 00000000'],
  [{ type: 'stdinData', data: Buffer.from('hi') }, '03000000 00000000 00000000 00000000 6869'],
  [{ type: 'stdinEof' }, '04000000 00000000 00000000 00000000'],
  [{ type: 'resize', columns: 80, rows: 24 }, '05000000 50000000 18000000 00000000'],
])('encodes %p', (command, expected) => {
  expect(encodeFrame(command).toString('hex')).toBe(expected.replaceAll(' ', ''));
});

onLittleEndian.each<[HelperEvent, string]>([
  [{ type: 'ready', pid: 77, startTime: '8589934593', published: '' }, '06000000 4d000000 01000000 02000000'],
  [
    { type: 'ready', pid: 77, startTime: '8589934593', published: 'publish' },
    `06000000 4d000000 01000000 02000000 ${Buffer.from('publish').toString('hex')}`,
  ],
  [{ type: 'started' }, '07000000 00000000 00000000 00000000'],
  [
    { type: 'error', stage: 'init', errno: 2, operation: 41, index: 9, subject: '/x', detail: 'execve' },
    `08000100 02000000 29000000 09000000 ${Buffer.from('/x\0execve').toString('hex')}`,
  ],
  [
    { type: 'error', stage: 'monitor', errno: 1, operation: 0, index: 0, subject: '', detail: '' },
    '08000000 01000000 00000000 00000000',
  ],
  [{ type: 'attached', tty: true, stdinOpen: false }, '09000000 01000000 00000000 00000000'],
  [{ type: 'stdoutData', data: Buffer.from('a') }, '0a000000 00000000 00000000 00000000 61'],
  [{ type: 'stderrData', data: Buffer.from('b') }, '0b000000 00000000 00000000 00000000 62'],
  [{ type: 'exit', code: 137, signal: 9, outOfMemory: true }, '0c000000 89000000 09000000 01000000'],
  [{ type: 'detached' }, '0d000000 00000000 00000000 00000000'],
  [
    { type: 'result', counts: { files: 3 } },
    `0e000000 00000000 00000000 00000000 ${Buffer.from('{"files":3}').toString('hex')}`,
  ],
])('decodes %p', (event, hex) => {
  expect(decodeFrame(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toEqual(event);
});

test.each([
  ['a message shorter than a header', Buffer.alloc(15)],
  ['a type nobody knows', Buffer.alloc(16, 0xee)],
  ['a frame of the other direction', encodeFrame({ type: 'go' })],
  ['a result that is no object', Buffer.concat([headerOf(frameType.result), Buffer.from('3')])],
  ['a result with a count that is no number', Buffer.concat([headerOf(frameType.result), Buffer.from('{"a":"1"}')])],
])('refuses %s', (_, message) => {
  expect(() => decodeFrame(message)).toThrow();
});

test('refuses a payload that no message can carry', () => {
  expect(() => encodeFrame({ type: 'stdinData', data: Buffer.alloc(maxPayloadSize + 1) })).toThrow(RangeError);
});

function headerOf(type: number): Buffer {
  const header = Buffer.alloc(16);
  header[endianness() === 'LE' ? 0 : 1] = type;
  return header;
}
