// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, hexOf } from '../../../lib/image/digest.js';
import { openDownloads, type Download, type Downloads } from '../../../lib/store/downloads.js';
import { openLocks } from '../../../lib/store/locks.js';
import type { Paths } from '../../../lib/store/paths.js';
import { native } from '../../support/native.js';

const content = Buffer.from('the content of a layer, as the registry has it');
const blob = { digest: digestOf(content), size: content.byteLength };

let directory: string;
let paths: Paths;
let downloads: Downloads;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-downloads-'));
  const at = (name: string): string => join(directory, name);
  paths = {
    ...{ dataRoot: directory, runtimeRoot: at('run'), containerGid: 0, images: at('images'), layers: at('layers') },
    ...{ containers: at('containers'), names: at('names'), locks: at('locks'), tmp: at('tmp') },
    downloads: at('downloads'),
  } as Paths; // places of others' state are of no interest here
  mkdirSync(paths.tmp);
  downloads = openDownloads(
    paths,
    openLocks(paths, () => native),
  );
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const filePath = (): string => join(paths.downloads, hexOf(blob.digest));
const registry = (asked: number[] = [], end = content.byteLength) =>
  async function* (offset: number): AsyncGenerator<Uint8Array> {
    asked.push(offset);
    for (let at = offset; at < end; at += 10) yield content.subarray(at, Math.min(at + 10, end));
    if (end < content.byteLength) throw new Error('cut');
  };
const readAll = async (download: Download, rest = registry()): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of download.stream(rest)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

test('what passes by is kept, hashed, and gets a second name', async () => {
  using download = await downloads.open(blob);
  expect(await readAll(download)).toBe(content.toString());
  expect(download.received()).toEqual(blob);
  const staged = download.keepIn(paths.tmp);
  expect(readFileSync(staged.path)).toEqual(content);
  expect(statSync(filePath()).nlink).toBe(2);
});

test('after a cut the rest alone is asked for, and the digest is of everything', async () => {
  {
    using download = await downloads.open(blob);
    await expect(readAll(download, registry([], 25))).rejects.toThrow('cut');
  }
  expect(readFileSync(filePath())).toEqual(content.subarray(0, 25));
  using download = await downloads.open(blob);
  const asked: number[] = [];
  expect(await readAll(download, registry(asked))).toBe(content.toString());
  expect(asked).toEqual([25]);
  expect(download.received()).toEqual(blob);
});

test('a reader that stops in the middle leaves what has come', async () => {
  {
    using download = await downloads.open(blob);
    for await (const _ of download.stream(registry())) break;
  }
  expect(readFileSync(filePath()).byteLength).toBe(10);
});

test('a second one waits for the first, and finds what it left', async () => {
  const first = await downloads.open(blob);
  const waited: string[] = [];
  const second = downloads.open(blob, { onWait: () => waited.push('waited') });
  await readAll(first, registry());
  first[Symbol.dispose]();
  using download = await second;
  expect(waited).toEqual(['waited']);
  expect(download.size).toBe(content.byteLength);
});

test('waiting ends with the signal', async () => {
  using _first = await downloads.open(blob);
  const abort = new AbortController();
  const second = downloads.open(blob, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
});

test('discarded content is gone, also for who waits', async () => {
  const first = await downloads.open(blob);
  const second = downloads.open(blob);
  await readAll(first);
  first.discard();
  first[Symbol.dispose]();
  using download = await second;
  expect(download.size).toBe(0);
});

test('nothing is left of a download that brought nothing', async () => {
  (await downloads.open(blob))[Symbol.dispose]();
  expect(readdirSync(paths.downloads)).toEqual([]);
});

test('a file that is too long is begun anew', async () => {
  mkdirSync(paths.downloads);
  writeFileSync(filePath(), Buffer.concat([content, content]));
  using download = await downloads.open(blob);
  expect(download.size).toBe(0);
});

for (const size of [content.byteLength - 1, content.byteLength + 1])
  test(`a file that the store has too is never written to, whatever size somebody claims (${String(size)})`, async () => {
    mkdirSync(paths.downloads);
    writeFileSync(filePath(), content);
    const published = join(directory, 'published');
    linkSync(filePath(), published);
    using download = await downloads.open({ ...blob, size });
    expect(download.size).toBe(0);
    await readAll(download, async function* () {
      yield Buffer.from('something else');
    });
    expect(readFileSync(published)).toEqual(content);
  });

test('forgetting leaves what somebody is at', async () => {
  const download = await downloads.open(blob);
  await readAll(download);
  downloads.forget(blob.digest);
  expect(existsSync(filePath())).toBe(true);
  download[Symbol.dispose]();
  downloads.forget(blob.digest);
  expect(existsSync(filePath())).toBe(false);
});

test('sweeping takes what is old and nobody is at', async () => {
  const old = new Date(Date.now() - 100_000);
  const other = digestOf('another');
  {
    using download = await downloads.open(blob);
    await readAll(download);
  }
  using _held = await downloads.open({ digest: other, size: 100 });
  for (const name of readdirSync(paths.downloads)) utimesSync(join(paths.downloads, name), old, old);
  downloads.sweep(200_000);
  expect(readdirSync(paths.downloads)).toHaveLength(2);
  downloads.sweep(50_000);
  expect(readdirSync(paths.downloads)).toEqual([hexOf(other)]);
});

test('the lock of an image is there for one at a time, and leaves nothing', async () => {
  const first = await downloads.lockImage(blob.digest);
  let isSecond = false;
  const second = downloads.lockImage(blob.digest).then((lock) => {
    isSecond = true;
    return lock;
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(isSecond).toBe(false);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  expect(readdirSync(paths.downloads)).toEqual([]);
});

test("what a killed pull left of an image's lock goes with the next one", async () => {
  mkdirSync(paths.downloads);
  writeFileSync(join(paths.downloads, `${hexOf(blob.digest)}.image`), '');
  (await downloads.lockImage(blob.digest))[Symbol.dispose]();
  expect(readdirSync(paths.downloads)).toEqual([]);
});
