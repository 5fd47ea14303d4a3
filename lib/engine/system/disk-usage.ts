// SPDX-License-Identifier: Apache-2.0
// `system df`: every byte below the data root, by what it is for. The sums are what du(1) finds there.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MeasureTrees } from '../../runtime/tree-usage.js';
import { listContainerIds } from '../../store/container-records.js';
import { diskBytes } from '../../store/disk-bytes.js';
import type { Paths } from '../../store/paths.js';
import { namesIn } from '../../util/names-in.js';
import type { ContainerService, ContainerSummary, DiskUsage, ImageUsage, UsageOf } from '../contract.js';

export interface UsageContext {
  readonly paths: Paths;
  readonly measureTrees: MeasureTrees;
  readonly containers: Pick<ContainerService, 'list' | 'prune'>;
  readonly usageOfImages: (layerBytes: ReadonlyMap<string, number>) => Promise<UsageOf<ImageUsage>>;
}

export const diskUsage = async (context: UsageContext): Promise<DiskUsage> => {
  const { paths } = context;
  const layerNames = namesIn(paths.layers);
  const containerIds = listContainerIds(paths);
  const others = otherDirectories(paths);
  const sizes = await context.measureTrees([
    ...layerNames.map((name) => join(paths.layers, name)),
    ...containerIds.map((id) => join(paths.containers, id)),
    ...others,
  ]);
  const bytes = sizes.map((size) => size.bytes);
  const layerBytes = new Map(layerNames.map((name, index) => [name, bytes[index] ?? 0]));
  const containerBytes = new Map(containerIds.map((id, index) => [id, bytes[layerNames.length + index] ?? 0]));
  const otherBytes = new Map(others.map((path, index) => [path, bytes.at(index - others.length) ?? 0]));
  const images = await context.usageOfImages(layerBytes);
  const containers = await usageOfContainers(context, containerBytes);
  const ofContainers = [paths.names, join(paths.dataRoot, 'run')];
  const isOfContainers = ([path]: readonly [string, number]): boolean => ofContainers.includes(path);
  const downloads = downloadBytes(paths);
  const containerOverhead = sum([...otherBytes].filter(isOfContainers).map(([, size]) => size));
  const storeOverhead = sum([...otherBytes].filter((entry) => !isOfContainers(entry)).map(([, size]) => size));
  const layers = sum([...layerBytes.values()]) + diskBytes(paths.layers);
  return {
    images: {
      ...images,
      sizeBytes: layers + storeOverhead + downloads.bytes + topBytes(paths),
      reclaimableBytes: images.reclaimableBytes + downloads.partialBytes,
    },
    containers: {
      ...containers,
      sizeBytes: containers.sizeBytes + containerOverhead + diskBytes(paths.containers),
    },
  };
};

/** Of everything but layers, containers and downloads, which are looked into. */
const otherDirectories = ({ dataRoot, layers, containers, downloads }: Paths): readonly string[] =>
  readdirSync(dataRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dataRoot, name))
    .filter((path) => ![layers, containers, downloads].includes(path));

/** The data root itself and the files in it. */
const topBytes = ({ dataRoot }: Paths): number =>
  diskBytes(dataRoot) +
  sum(
    readdirSync(dataRoot, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => diskBytes(join(dataRoot, name))),
  );

/** A download with a second name is a blob of the store, or about to be one, and counted there. */
const downloadBytes = ({ downloads }: Paths): { readonly bytes: number; readonly partialBytes: number } => {
  const partialBytes = sum(
    namesIn(downloads).map((name) => {
      const path = join(downloads, name);
      const nlink = lstatSync(path, { throwIfNoEntry: false })?.nlink ?? 0;
      return nlink > 1 ? 0 : diskBytes(path);
    }),
  );
  return { bytes: partialBytes + diskBytes(downloads), partialBytes };
};

const usageOfContainers = async (
  { containers }: UsageContext,
  bytes: ReadonlyMap<string, number>,
): Promise<UsageOf<ContainerSummary>> => {
  const all = await containers.list({ filters: {}, all: true, last: -1, size: false });
  const items = all.map((summary) => ({ ...summary, sizeRwBytes: bytes.get(summary.id) ?? 0 }));
  const isActive = ({ status }: ContainerSummary): boolean => status === 'running';
  const sizeBytes = sum([...bytes.values()]);
  return {
    total: items.length,
    active: items.filter(isActive).length,
    sizeBytes,
    reclaimableBytes: sizeBytes - sum(items.filter(isActive).map(({ sizeRwBytes }) => sizeRwBytes)),
    items,
  };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
