// SPDX-License-Identifier: Apache-2.0
// Pulls that are cut, killed, watched, or not alone.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../support/poll.js';
import { pullingWords, usePulling } from '../support/pulling.js';
import { publish } from '../support/registry-images.js';
import { requires } from '../support/requires.js';
import { changesNothing } from '../support/store-state.js';
import { Terminal } from '../support/terminal.js';
import { ok, sandbox, startTool, toResult, uniqueName } from '../support/tool.js';

const pulling = requires(...pullingWords);
const watched = requires(...pullingWords, 'python3');

const pulls = usePulling();

describe('a pull that is ended', () => {
  const slowly = { drip: { bytes: 16_384, everyMs: 10 } };

  pulling.test('by SIGKILL goes on where it was, and asks for no byte twice', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { layers } = await publish({ name, layerBytes: [4_000_000] });
    const large = layers.at(-1)?.digest ?? '';
    const partial = join(sandbox().dataRoot, 'downloads', large.slice(7));
    pulls.proxy.decide = ({ url }) => (url.includes(large) ? slowly : undefined);
    const first = startTool(['pull', pulls.viaProxy(name)]);
    await poll(() => sizeOf(partial) > 1_000_000, { what: 'the first megabyte' });
    first.kill('SIGKILL');
    await first;
    const left = sizeOf(partial);
    pulls.proxy.seen.length = 0;
    pulls.proxy.decide = () => undefined;
    await ok(['pull', pulls.viaProxy(name)]);
    expect(pulls.blobRequests().find(({ url }) => url.includes(large))?.headers['range']).toBe(
      `bytes=${String(left)}-`,
    );
    expect(pulls.partials()).toEqual([]);
    expect(await ok(['run', '--rm', pulls.viaProxy(name), 'ls', '/'])).toContain('layer0');
  });

  pulling.test('by SIGINT exits 130, leaves nothing half-made, and goes on later', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { layers } = await publish({ name, layerBytes: [4_000_000] });
    const large = layers.at(-1)?.digest ?? '';
    pulls.proxy.decide = ({ url }) => (url.includes(large) ? slowly : undefined);
    const result = await changesNothing(async () => {
      const started = startTool(['pull', pulls.viaProxy(name)]);
      await poll(() => sizeOf(join(sandbox().dataRoot, 'downloads', large.slice(7))) > 0, { what: 'the first bytes' });
      started.kill('SIGINT');
      return toResult(await started);
    });
    expect(result).toMatchObject({ exitCode: 130 });
    expect(pulls.partials()).toContain(large.slice(7));
    pulls.proxy.decide = () => undefined;
    await ok(['pull', pulls.viaProxy(name)]);
  });

  pulling.test('with a partial file that is damaged begins again', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { layers } = await publish({ name, layerBytes: [2_000_000] });
    const large = layers.at(-1)?.digest ?? '';
    const partial = join(sandbox().dataRoot, 'downloads', large.slice(7));
    pulls.proxy.decide = ({ url }) => (url.includes(large) ? { ...slowly, cutAnswerAfter: 500_000 } : undefined);
    const started = startTool(['pull', pulls.viaProxy(name)]);
    await poll(() => sizeOf(partial) > 100_000, { what: 'some bytes' });
    started.kill('SIGKILL');
    await started;
    writeFileSync(
      partial,
      readFileSync(partial).map((byte) => byte ^ 0xff),
    );
    pulls.proxy.decide = () => undefined;
    await ok(['pull', pulls.viaProxy(name)]);
    expect(await ok(['run', '--rm', pulls.viaProxy(name), 'ls', '/'])).toContain('layer0');
  });
});

describe('two pulls at once', () => {
  pulling.test('of one image share it: each blob comes once', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { layers } = await publish({ name, layerBytes: [500_000, 600_000] });
    const pulling = 3;
    const isAsked = (): boolean => pulls.proxy.seen.filter(({ url }) => url.includes('/manifests/')).length >= pulling;
    // no layer comes to its end before all have asked for the image
    const hold = { drip: { bytes: 65_536, everyMs: 10 }, pauseUntil: isAsked };
    pulls.proxy.decide = ({ url }) => (url.includes('/blobs/') ? hold : undefined);
    await Promise.all(Array.from({ length: pulling }, () => ok(['pull', pulls.viaProxy(name)])));
    const asked = pulls.blobRequests().map(({ url }) => url);
    for (const { digest } of layers.slice(1)) expect(asked.filter((url) => url.includes(digest))).toHaveLength(1);
    expect(await ok(['run', '--rm', pulls.viaProxy(name), 'ls', '/'])).toContain('layer1');
  });

  pulling.test('of images with common layers both end well', async () => {
    const repository = uniqueName('r');
    const names = ['1', '2'].map((tag) => pulls.nameAt(pulls.registry, repository, tag));
    for (const [index, name] of names.entries()) await publish({ name, layerBytes: [300_000 + index] });
    await Promise.all(names.map((name) => ok(['pull', pulls.viaProxy(name)])));
    for (const name of names) expect(await ok(['run', '--rm', pulls.viaProxy(name), 'ls', '/'])).toContain('layer0');
    expect(pulls.partials()).toEqual([]);
  });
});

describe('a removal meanwhile', () => {
  pulling.test('takes no layer away from a pull that has found it', async () => {
    const repository = uniqueName('r');
    const [old, fresh] = [
      pulls.nameAt(pulls.registry, repository, 'old'),
      pulls.nameAt(pulls.registry, repository, 'fresh'),
    ];
    await publish({ name: old });
    const { layers } = await publish({ name: fresh, layerBytes: [2_000_000] });
    await ok(['pull', '-q', pulls.viaProxy(old)]);
    const large = layers.at(-1)?.digest ?? '';
    let isRemoved = false;
    const hold = { drip: { bytes: 65_536, everyMs: 20 }, pauseUntil: () => isRemoved };
    pulls.proxy.decide = ({ url }) => (url.includes(large) ? hold : undefined);
    const started = startTool(['pull', '-q', pulls.viaProxy(fresh)]);
    await poll(() => sizeOf(join(sandbox().dataRoot, 'downloads', large.slice(7))) > 0, { what: 'the first bytes' });
    // every image that has the common layer
    const images = await ok(['images', '--format', '{{.Repository}} {{.ID}}']);
    const ids = images.split('\n').flatMap((row) => (row.startsWith('host ') ? [] : (row.split(' ')[1] ?? [])));
    await ok(['rmi', '-f', ...new Set(ids)]);
    isRemoved = true;
    expect(toResult(await started)).toMatchObject({ exitCode: 0 });
    expect(await ok(['run', '--rm', '--pull', 'never', pulls.viaProxy(fresh), 'ls', '/'])).toContain('layer0');
  });
});

describe('on a terminal', () => {
  watched.test('each layer is a line that is drawn anew in place and fits the width', async () => {
    const name = pulls.nameAt(pulls.registry);
    const { layers } = await publish({ name, layerBytes: [2_000_000] });
    const id = layers.at(-1)?.digest.slice(7, 19) ?? '';
    const line = new RegExp(`${id}: Downloading +[\\d.]+[kM]?B/2MB +[\\d.]+[kM]B/s`);
    let isDrawn = (): boolean => false;
    // the layer does not end before its line has been drawn
    const hold = { drip: { bytes: 65_536, everyMs: 20 }, pauseUntil: () => isDrawn() };
    pulls.proxy.decide = ({ url }) => (url.includes(id) ? hold : undefined);
    await using terminal = new Terminal(['pull', pulls.viaProxy(name)], { columns: 60 });
    isDrawn = () => line.test(terminal.output);
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output).toMatch(line);
    expect(terminal.output).toContain(`${id}: Pull complete`);
    // what moves the cursor takes no column
    const lines = terminal.output.replace(/\x1b\[\d*[A-Z]/g, '').split(/[\r\n]+/);
    expect(lines.filter((line) => line.startsWith(id) && line.length >= 60)).toEqual([]);
  });
});

const sizeOf = (path: string): number => {
  try {
    return readFileSync(path).byteLength;
  } catch {
    // not there yet
    return 0;
  }
};
