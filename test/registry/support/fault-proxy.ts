// SPDX-License-Identifier: Apache-2.0
// A proxy in front of the real registry that misbehaves as it is told, request by request.

import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { closeNow, listen } from './listen.js';

export interface Fault {
  /** cut the connection after so many bytes of the answer */
  readonly cutAnswerAfter?: number;
  /** cut it after so many bytes of what the client sends */
  readonly cutRequestAfter?: number;
  /** answer this instead of asking the registry */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** changes the answer's content; its length stays */
  readonly corrupt?: boolean;
  /** a Content-Length that is not true */
  readonly length?: number;
  /** pauses between pieces of the answer */
  readonly drip?: { readonly bytes: number; readonly everyMs: number };
  /** keeps the last piece back until this holds */
  readonly pauseUntil?: () => boolean;
  readonly ignoreRange?: boolean;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface FaultProxy extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  /** undefined: pass on unchanged */
  decide: (request: SeenRequest) => Fault | undefined;
}

export const startFaultProxy = async (targetPort: number, address = '127.0.0.1'): Promise<FaultProxy> => {
  const server = createServer((incoming, outgoing) => {
    const seen = { method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers };
    proxy.seen.push(seen);
    pass({ targetPort, incoming, outgoing, fault: proxy.decide(seen) ?? {} });
  });
  const port = await listen(server, address);
  const proxy: FaultProxy = {
    name: `${address}:${String(port)}`,
    port,
    seen: [],
    decide: () => undefined,
    [Symbol.asyncDispose]: () => closeNow(server),
  };
  return proxy;
};

interface Exchange {
  readonly targetPort: number;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly fault: Fault;
}

const pass = ({ targetPort, incoming, outgoing, fault }: Exchange): void => {
  if (fault.status !== undefined) {
    incoming.resume();
    outgoing.writeHead(fault.status, { 'content-length': Buffer.byteLength(fault.body ?? ''), ...fault.headers });
    outgoing.end(fault.body ?? '');
    return;
  }
  const headers = { ...incoming.headers };
  if (fault.ignoreRange === true) delete headers['range'];
  const options = { host: '127.0.0.1', port: targetPort, path: incoming.url, method: incoming.method, headers };
  const request = httpRequest(options, (response) => {
    void answer(response, outgoing, fault).catch(() => outgoing.destroy());
  });
  request.on('error', () => outgoing.destroy());
  let left = fault.cutRequestAfter ?? Infinity;
  incoming.on('data', (chunk: Buffer) => {
    if (chunk.byteLength < left) {
      left -= chunk.byteLength;
      request.write(chunk);
      return;
    }
    request.write(chunk.subarray(0, left), () => {
      request.destroy();
      incoming.socket.destroy();
    });
  });
  incoming.on('end', () => request.end());
  incoming.on('error', () => request.destroy());
};

const answer = async (response: IncomingMessage, outgoing: ServerResponse, fault: Fault): Promise<void> => {
  const headers = { ...response.headers, ...fault.headers };
  if (fault.length !== undefined) headers['content-length'] = String(fault.length);
  outgoing.writeHead(response.statusCode ?? 500, headers);
  let sent = 0;
  for await (const piece of piecesOf(response, fault)) {
    const part = Buffer.from(piece.subarray(0, (fault.cutAnswerAfter ?? Infinity) - sent));
    if (fault.corrupt === true && sent === 0) part[0] = (part[0] ?? 0) ^ 0xff;
    sent += part.byteLength;
    if (outgoing.destroyed) return;
    await promisify<Buffer, void>((chunk, done) => outgoing.write(chunk, () => done(null)))(part);
    if (part.byteLength < piece.byteLength) {
      outgoing.socket?.destroy();
      return;
    }
  }
  outgoing.end();
};

async function* piecesOf(response: IncomingMessage, { drip, pauseUntil }: Fault): AsyncGenerator<Buffer> {
  let left = Number(response.headers['content-length']);
  for await (const data of response as AsyncIterable<Buffer>) {
    left -= data.byteLength;
    while (left <= 0 && pauseUntil?.() === false) await sleep(10);
    for (let at = 0; at < data.byteLength; at += drip?.bytes ?? data.byteLength) {
      yield data.subarray(at, at + (drip?.bytes ?? data.byteLength));
      if (drip !== undefined) await sleep(drip.everyMs);
    }
  }
}
