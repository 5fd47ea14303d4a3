// SPDX-License-Identifier: Apache-2.0
// What people see of a pull or push: docker's lines on one stream, layers on stderr; drawn anew in place when that is a
// terminal, one line for each finished layer when it is not.

import type { OnTransfer, TransferEvent } from '../../engine/contract.js';
import { familiarReference, parseReference } from '../../image/reference.js';
import type { Output, Terminal } from '../host.js';
import { frameText, type LayerState } from './layer-board.js';

type Direction = 'pull' | 'push' | 'copy';

export interface TransferOutputOptions {
  readonly direction: Direction;
  /** for the lines that docker prints on stdout; `run` has them on stderr */
  readonly messages: Output;
  readonly layers: Output;
  readonly terminal: Pick<Terminal, 'size'>;
  /** several images: who prints the end says it for all of them */
  readonly allTags?: boolean;
  /** nothing at all is printed */
  readonly quiet: boolean;
}

export interface TransferOutput extends AsyncDisposable {
  readonly onEvent: OnTransfer;
  /** After everything that was told before. */
  print(text: string): void;
}

const frameMs = 100;

/** Disposing it takes what is drawn away and waits for the writes. @throws EPIPE and the like, when disposed */
export const openTransferOutput = (options: TransferOutputOptions): TransferOutput => {
  const { messages, layers, quiet } = options;
  const queue = openQueue();
  const print = (text: string): void => {
    if (!quiet) queue.add(() => messages.write(text));
  };
  const board = layers.isTerminal ? openBoard(options, queue) : openPlainLayers(options, queue);
  return {
    print: (text) => {
      board.settle();
      print(text);
    },
    onEvent: (event) => {
      if (quiet) return;
      if (event.kind === 'layer') {
        board.show(event);
        return;
      }
      board.settle();
      if (event.kind === 'missing' || event.kind === 'waiting') queue.add(() => layers.write(noticeText(event)));
      else print(messageText(event, options.allTags !== true));
    },
    [Symbol.asyncDispose]: async () => {
      board.settle();
      await queue.done();
    },
  };
};

type LayerEvent = Extract<TransferEvent, { readonly kind: 'layer' }>;
type NoticeEvent = Extract<TransferEvent, { readonly kind: 'missing' | 'waiting' }>;
type MessageEvent = Exclude<TransferEvent, LayerEvent | NoticeEvent>;

const noticeText = ({ kind, reference }: NoticeEvent): string => {
  const name = familiarReference(parseReference(reference));
  return kind === 'missing'
    ? `Unable to find image '${name}' locally\n`
    : `Waiting for another command that pulls ${name}\n`;
};

/** docker's last word about a pull */
export const pullStatusText = (name: string, isNew: boolean): string =>
  `Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${name}\n`;

const messageText = (event: MessageEvent, hasOneImage: boolean): string => {
  switch (event.kind) {
    case 'pulling': {
      const { tag, path } = parseReference(event.reference);
      return `${tag ?? event.reference}: Pulling from ${path}\n`;
    }
    case 'pulled': {
      const { digest, reference, isNew } = event.image;
      return `Digest: ${digest}\n${hasOneImage ? pullStatusText(familiarReference(parseReference(reference)), isNew) : ''}`;
    }
    case 'pushing':
      return '';
    case 'pushed': {
      const { reference, digest, sizeBytes } = event.image;
      return `${parseReference(reference).tag ?? ''}: digest: ${digest} size: ${String(sizeBytes)}\n`;
    }
  }
};

// ---- layers --------------------------------------------------------------------------------------------------------

interface Layers {
  show(event: LayerEvent): void;
  /** Leaves nothing that could still change on the screen. */
  settle(): void;
}

const shortId = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12);

const words = {
  pull: { active: 'Downloading', done: 'Pull complete', exists: 'Already exists' },
  push: { active: 'Pushing', done: 'Pushed', exists: 'Layer already exists' },
  copy: { active: 'Copying', done: 'Copied', exists: 'Already exists' },
} as const;

/** undefined while it is under way */
const endText = ({ digest, status, from }: LayerEvent, direction: Direction): string | undefined => {
  const id = shortId(digest);
  switch (status) {
    case 'done':
      return `${id}: ${words[direction].done}`;
    case 'exists':
      return `${id}: ${words[direction].exists}`;
    case 'mounted':
      return `${id}: Mounted from ${from ?? 'another repository'}`;
    case 'waiting':
    case 'transferring':
    case 'retrying':
      return undefined;
  }
};

const openPlainLayers = ({ layers, direction }: TransferOutputOptions, queue: Queue): Layers => ({
  show: (event) => {
    const text = endText(event, direction);
    if (text !== undefined) queue.add(() => layers.write(`${text}\n`));
  },
  settle: () => undefined,
});

const openBoard = ({ layers, direction, terminal }: TransferOutputOptions, queue: Queue): Layers => {
  const active = new Map<string, LayerState>();
  let finished: string[] = [];
  let drawnLines = 0;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    timer = undefined;
    const states = [...active.values()];
    const frame = { finished, active: states, drawnLines, size: terminal.size(), nowMs: performance.now() };
    const { text, lines } = frameText(frame);
    [finished, drawnLines] = [[], lines];
    queue.add(() => layers.write(text));
  };
  return {
    show: (event) => {
      const end = endText(event, direction);
      if (end !== undefined) {
        active.delete(event.digest);
        finished.push(end);
      } else if (event.status !== 'waiting') {
        active.set(event.digest, stateOf(event, direction, active.get(event.digest)));
      }
      timer ??= setTimeout(draw, frameMs);
    },
    settle: () => {
      clearTimeout(timer);
      active.clear();
      if (finished.length > 0 || drawnLines > 0) draw();
    },
  };
};

const stateOf = (event: LayerEvent, direction: Direction, before: LayerState | undefined): LayerState => {
  const { digest, status, bytes, sizeBytes } = event;
  const goesOn = before !== undefined && status === 'transferring' && bytes >= before.bytes;
  const activity = status === 'retrying' ? 'Retrying' : words[direction].active;
  return {
    id: shortId(digest),
    activity,
    bytes,
    sizeBytes,
    since: goesOn ? before.since : { ms: performance.now(), bytes },
  };
};

// ---- order ---------------------------------------------------------------------------------------------------------

interface Queue {
  add(write: () => Promise<void>): void;
  /** @throws the first failure */
  done(): Promise<void>;
}

/** Writes one after the other, whatever stream they go to; after a failure nothing more is written. */
const openQueue = (): Queue => {
  let last = Promise.resolve();
  return {
    add: (write) => {
      last = last.then(write);
      // seen by done()
      last.catch(() => undefined);
    },
    done: () => last,
  };
};
