// SPDX-License-Identifier: Apache-2.0
// The prune commands and system df: docker's questions, texts and tables.

import type { DiskUsage, PruneFilters } from '../../../lib/engine/contract.js';
import { sampan } from './fake-host.js';

const report = {
  containers: { ids: ['c'.repeat(64)], reclaimedBytes: 212 },
  images: { lines: [{ untagged: 'alpine:latest' }, { deleted: 'sha256:aa' }], reclaimedBytes: 16_430_000 },
};

const pruning = () => {
  const asked: { readonly all?: boolean; readonly filters: PruneFilters }[] = [];
  const answer =
    <T>(value: T) =>
    async (options: { readonly all?: boolean; readonly filters: PruneFilters }): Promise<T> => {
      asked.push(options);
      return value;
    };
  return {
    asked,
    containers: { prune: answer(report.containers) },
    images: { prune: answer(report.images) },
    system: { prune: answer({ ...report, networks: ['mine'], reclaimedBytes: 16_430_212 }) },
  };
};

describe('prune', () => {
  test('shows docker’s report', async () => {
    expect((await sampan(['container', 'prune', '-f'], pruning())).stdout).toBe(
      `Deleted Containers:\n${'c'.repeat(64)}\n\nTotal reclaimed space: 212B\n`,
    );
    expect((await sampan(['image', 'prune', '-f'], pruning())).stdout).toBe(
      'Deleted Images:\nuntagged: alpine:latest\ndeleted: sha256:aa\n\nTotal reclaimed space: 16.43MB\n',
    );
    expect((await sampan(['system', 'prune', '-f'], pruning())).stdout).toBe(
      `Deleted Containers:\n${'c'.repeat(64)}\n\nDeleted Networks:\nmine\n\nDeleted Images:\nuntagged: alpine:latest\ndeleted: sha256:aa\n\nTotal reclaimed space: 16.43MB\n`,
    );
  });

  test('asks on a terminal, and removes only after yes', async () => {
    for (const [stdin, times] of [
      ['y\n', 1],
      ['Y\n', 1],
      ['n\n', 0],
      ['\n', 0],
      ['', 0],
    ] as const) {
      const given = pruning();
      const { exitCode, stdout } = await sampan(['image', 'prune', '-a'], { ...given, stdin, stdinIsTerminal: true });
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(
        /^WARNING! This will remove all images without at least one container associated to them\.\nAre you sure you want to continue\? \[y\/N\] /,
      );
      expect(given.asked).toHaveLength(times);
    }
  });

  test('system prune says what it will remove, and by which filters', async () => {
    const given = { ...pruning(), stdin: 'n\n', stdinIsTerminal: true };
    const words = ['system', 'prune', '-a', '--filter', 'until=24h', '--filter', 'label!=keep'];
    expect((await sampan(words, given)).stdout).toBe(
      'WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n  - all images without at least one container associated to them\n\n' +
        '  Items to be pruned will be filtered with:\n  - label!=keep\n  - until=24h\n\nAre you sure you want to continue? [y/N] ',
    );
  });

  test('passes filters and --all on', async () => {
    const given = pruning();
    await sampan(['system', 'prune', '-af', '--filter', 'label=a=b', '--filter', 'label=c'], given);
    expect(given.asked).toEqual([{ all: true, filters: { label: ['a=b', 'c'] } }]);
  });

  test('without a terminal it asks nobody and removes nothing', async () => {
    const given = pruning();
    const result = await sampan(['system', 'prune'], { ...given, stdin: 'y\n' });
    expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('use --force') });
    expect(given.asked).toEqual([]);
  });

  test('refuses --volumes as long as there are none', async () => {
    expect(await sampan(['system', 'prune', '-f', '--volumes'], pruning())).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('--volumes'),
    });
  });
});

describe('system df', () => {
  const usage: DiskUsage = {
    images: { total: 5, active: 2, sizeBytes: 16_430_000, reclaimableBytes: 11_630_000, items: [] },
    containers: { total: 2, active: 0, sizeBytes: 212, reclaimableBytes: 212, items: [] },
  };
  const given = { system: { diskUsage: async () => usage } };

  test('shows docker’s table', async () => {
    expect((await sampan(['system', 'df'], given)).stdout).toBe(
      'TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n' +
        'Images          5         2         16.43MB   11.63MB (70%)\n' +
        'Containers      2         0         212B      212B (100%)\n' +
        'Local Volumes   0         0         0B        0B\n',
    );
  });

  test('-v shows docker’s lists', async () => {
    expect((await sampan(['system', 'df', '-v'], given)).stdout).toBe(
      'Images space usage:\n\nREPOSITORY   TAG       IMAGE ID   CREATED   SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS\n\n' +
        'Containers space usage:\n\nCONTAINER ID   IMAGE     COMMAND   LOCAL VOLUMES   SIZE      CREATED   STATUS    NAMES\n\n' +
        'Local Volumes space usage:\n\nVOLUME NAME   LINKS     SIZE\n',
    );
  });

  test('--format takes templates and json, with the numbers too', async () => {
    expect((await sampan(['system', 'df', '--format', '{{.Type}} {{.SizeBytes}}'], given)).stdout).toBe(
      'Images 16430000\nContainers 212\nLocal Volumes 0\n',
    );
    const { stdout } = await sampan(['system', 'df', '-v', '--format', 'json'], given);
    expect(JSON.parse(stdout)).toEqual({ Images: [], Containers: [], Volumes: [], BuildCache: [] });
  });
});
