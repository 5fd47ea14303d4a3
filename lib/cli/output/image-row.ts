// SPDX-License-Identifier: Apache-2.0
// The row of `images`: docker's field names and texts.

import type { ImageSummary } from '../../engine/contract.js';
import { formatBytes } from '../../util/bytes.js';
import { humanDuration } from '../../util/duration.js';
import { formatTime } from '../../util/times.js';
import { GoStruct, type GoValue } from '../template/values.js';
import type { RowOptions } from './container-row.js';
import type { ListShape } from './list-format.js';

export const imageShape = (digests: boolean): ListShape => ({
  table: `{{.Repository}}\t{{.Tag}}${digests ? '\t{{.Digest}}' : ''}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
  headers: {
    ID: 'IMAGE ID',
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    Digest: 'DIGEST',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    Size: 'SIZE',
    Containers: 'CONTAINERS',
    VirtualSize: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
});

export const shortImageId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

/** What only a count over all containers and layers could tell; docker's list says the same. */
const unknown = 'N/A';

export const imageRow = (summary: ImageSummary, { now, truncate }: RowOptions): GoStruct => {
  const size = formatBytes(summary.sizeBytes, 3);
  const fields: Readonly<Record<string, GoValue>> = {
    Containers: unknown,
    CreatedAt: formatTime(summary.createdAt),
    CreatedSince: createdSince(summary.createdAt, now),
    Digest: summary.digest === '' ? '<none>' : summary.digest,
    ID: truncate ? shortImageId(summary.id) : summary.id,
    Repository: summary.repository,
    SharedSize: unknown,
    Size: size,
    Tag: summary.tag,
    UniqueSize: unknown,
    VirtualSize: size,
  };
  return new GoStruct(new Map(Object.entries(fields)), { typeName: '*formatter.imageContext' });
};

/** An image may say nothing about its age. */
const createdSince = (createdAt: string, now: Date): string => {
  const age = now.getTime() - Date.parse(createdAt);
  return Number.isNaN(age) ? unknown : `${humanDuration(age)} ago`;
};
