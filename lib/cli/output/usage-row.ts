// SPDX-License-Identifier: Apache-2.0
// The rows of `system df`: docker's field names and texts, and beside them the numbers.

import type { DiskUsage, ImageUsage, UsageOf } from '../../engine/contract.js';
import { formatBytes } from '../../util/bytes.js';
import { GoStruct, type GoValue } from '../template/values.js';
import type { RowOptions } from './container-row.js';
import { imageRow } from './image-row.js';
import type { ListShape } from './list-format.js';

export const usageShape: ListShape = {
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
  headers: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
    SizeBytes: 'SIZE (BYTES)',
    ReclaimableBytes: 'RECLAIMABLE (BYTES)',
  },
};

/** There are no volumes and no build cache yet: they take nothing. */
const nothing: UsageOf<never> = { total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0, items: [] };

export const usageRows = ({ images, containers }: DiskUsage): readonly GoStruct[] => [
  usageRow('Images', images),
  usageRow('Containers', containers),
  usageRow('Local Volumes', nothing),
];

const usageRow = (type: string, usage: UsageOf<unknown>): GoStruct => {
  const fields: Readonly<Record<string, GoValue>> = {
    Active: String(usage.active),
    Reclaimable: reclaimableText(usage),
    ReclaimableBytes: usage.reclaimableBytes,
    Size: formatBytes(usage.sizeBytes),
    SizeBytes: usage.sizeBytes,
    TotalCount: String(usage.total),
    Type: type,
  };
  return new GoStruct(new Map(Object.entries(fields)), { typeName: '*formatter.diskUsageContext' });
};

const reclaimableText = ({ sizeBytes, reclaimableBytes }: UsageOf<unknown>): string =>
  sizeBytes > 0
    ? `${formatBytes(reclaimableBytes)} (${String(Math.floor((reclaimableBytes * 100) / sizeBytes))}%)`
    : formatBytes(reclaimableBytes);

export const imageUsageTable =
  '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}';
export const containerUsageTable =
  '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}';
export const volumeUsageShape: ListShape = {
  table: '{{.Name}}\t{{.Links}}\t{{.Size}}',
  headers: { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' },
};

/** The row of `images`, with what only df finds out. */
export const imageUsageRow = (usage: ImageUsage, options: RowOptions): GoStruct => {
  const { fields } = imageRow(usage, options);
  return new GoStruct(
    new Map<string, GoValue>([
      ...fields,
      ['Containers', String(usage.containers)],
      ['SharedSize', formatBytes(usage.sharedBytes, 3)],
      ['UniqueSize', formatBytes(usage.uniqueBytes, 3)],
    ]),
    { typeName: '*formatter.imageContext' },
  );
};
