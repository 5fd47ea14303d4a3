// SPDX-License-Identifier: Apache-2.0
// What pull and push print, without a registry.

import { frameText, type LayerState } from '../../../lib/cli/output/layer-board.js';
import type { OnTransfer, PullReport } from '../../../lib/engine/contract.js';
import { sampan } from './fake-host.js';

const digest = `sha256:${'a'.repeat(64)}`;
const layer = `sha256:${'b'.repeat(64)}`;
const reference = 'registry.example/app:1';

const pulled = (isNew: boolean, tell: (onEvent: OnTransfer) => void = () => undefined) => ({
  pull: async (_: string, { onEvent }: { readonly onEvent?: OnTransfer }): Promise<PullReport> => {
    const image = { reference, digest, id: digest, isNew };
    onEvent?.({ kind: 'pulling', reference });
    if (onEvent !== undefined) tell(onEvent);
    onEvent?.({ kind: 'pulled', image });
    return { reference, images: [image] };
  },
});

test('pull prints a line for each finished layer on stderr, and docker’s lines on stdout', async () => {
  const images = pulled(true, (onEvent) => {
    const event = { kind: 'layer', digest: layer, bytes: 0, sizeBytes: 10 } as const;
    for (const status of ['waiting', 'transferring', 'retrying', 'transferring', 'done'] as const)
      onEvent({ ...event, status });
    onEvent({ ...event, digest, status: 'exists' });
  });
  expect(await sampan(['pull', 'registry.example/app:1'], { images })).toEqual({
    exitCode: 0,
    stdout: `1: Pulling from app\nDigest: ${digest}\nStatus: Downloaded newer image for ${reference}\n${reference}\n`,
    stderr: 'bbbbbbbbbbbb: Pull complete\naaaaaaaaaaaa: Already exists\n',
    events: ['stop signals let go'],
  });
});

test('pull of what is there says so', async () => {
  const { stdout } = await sampan(['pull', reference], { images: pulled(false) });
  expect(stdout).toContain(`Status: Image is up to date for ${reference}\n`);
});

test('pull --quiet prints the name alone', async () => {
  const { stdout, stderr } = await sampan(['pull', '-q', reference], { images: pulled(true) });
  expect({ stdout, stderr }).toEqual({ stdout: `${reference}\n`, stderr: '' });
});

test('pull takes one name', async () => {
  expect(await sampan(['pull', 'a', 'b'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('requires 1 argument'),
  });
});

test('push tells where it goes, which layers went how, and the digest', async () => {
  const images = {
    push: async (_: string, { onEvent }: { readonly onEvent?: OnTransfer }) => {
      const event = { kind: 'layer', digest: layer, bytes: 1, sizeBytes: 1 } as const;
      onEvent?.({ kind: 'pushing', reference });
      onEvent?.({ ...event, status: 'done' });
      onEvent?.({ ...event, status: 'exists' });
      onEvent?.({ ...event, status: 'mounted', from: 'other/app' });
      const image = { reference, digest, sizeBytes: 123 };
      onEvent?.({ kind: 'pushed', image });
      return { reference, images: [image] };
    },
  };
  expect(await sampan(['push', reference], { images })).toMatchObject({
    exitCode: 0,
    stdout: `The push refers to repository [registry.example/app]\n1: digest: ${digest} size: 123\n`,
    stderr: 'bbbbbbbbbbbb: Pushed\nbbbbbbbbbbbb: Layer already exists\nbbbbbbbbbbbb: Mounted from other/app\n',
  });
});

describe('the lines of a terminal', () => {
  const state: LayerState = {
    ...{ id: 'bbbbbbbbbbbb', activity: 'Downloading', bytes: 5_000_000, sizeBytes: 10_000_000 },
    since: { ms: 0, bytes: 0 },
  };
  const frame = { finished: [], active: [state], drawnLines: 0, size: { columns: 100, rows: 24 }, nowMs: 2000 };

  test('show how much has come and how fast', () => {
    const { text, lines } = frameText(frame);
    expect(text).toContain('bbbbbbbbbbbb: Downloading  [===============>              ] 5MB/10MB');
    expect(text).toContain('2.5MB/s');
    expect(lines).toBe(1);
  });

  for (const columns of [10, 40, 60, 70, 80, 200])
    test(`fit ${String(columns)} columns`, () => {
      const { text } = frameText({ ...frame, finished: ['x'.repeat(300)], size: { columns, rows: 24 } });
      const visible = text.split('\n').map((line) => line.replace(/\x1b\[\d*[A-Z]|\r/g, ''));
      expect(Math.max(...visible.map((line) => line.length))).toBeLessThan(columns);
    });

  test('are drawn over those of the frame before, in one write, and take fewer than the screen has', () => {
    const active = Array.from({ length: 50 }, () => state);
    const { text, lines } = frameText({ ...frame, active, drawnLines: 4 });
    expect(text.startsWith('\x1b[4A\r')).toBe(true);
    expect(text.endsWith('\x1b[J')).toBe(true);
    expect(lines).toBe(22);
  });
});
