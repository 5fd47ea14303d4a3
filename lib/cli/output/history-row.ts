// SPDX-License-Identifier: Apache-2.0
// The row of `history`: docker's field names and texts.

import type { ImageHistoryEntry } from '../../engine/contract.js';
import { formatBytes } from '../../util/bytes.js';
import { humanDuration } from '../../util/duration.js';
import { formatRfc3339 } from '../../util/times.js';
import { GoStruct, type GoValue } from '../template/values.js';
import type { RowOptions } from './container-row.js';
import { shortImageId } from './image-row.js';
import type { ListShape } from './list-format.js';
import { ellipsis } from './text.js';

export interface HistoryRowOptions extends RowOptions {
  /** ages and sizes as people say them */
  readonly human: boolean;
}

export const historyShape = (human: boolean): ListShape => ({
  table: `{{.ID}}\t{{.${human ? 'CreatedSince' : 'CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
  headers: {
    ID: 'IMAGE',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
});

const shortCreatedBy = 45;

/** The fields in docker's (alphabetical) order, which JSON shows. */
export const historyRow = (entry: ImageHistoryEntry, options: HistoryRowOptions): GoStruct => {
  const { now, truncate, human } = options;
  // A tab or line break would break the table.
  const createdBy = entry.createdBy.replace(/[\t\n\r]/g, ' ');
  const createdAt = entry.createdAt === undefined ? '' : formatRfc3339(entry.createdAt);
  const fields: Readonly<Record<string, GoValue>> = {
    Comment: entry.comment,
    CreatedAt: createdAt,
    CreatedBy: truncate ? ellipsis(createdBy, shortCreatedBy) : createdBy,
    CreatedSince: human ? createdSince(entry.createdAt, now) : createdAt,
    ID: truncate ? shortImageId(entry.id) : entry.id,
    Size: human ? formatBytes(entry.sizeBytes, 3) : String(entry.sizeBytes),
  };
  return new GoStruct(new Map(Object.entries(fields)), { typeName: '*formatter.historyContext' });
};

/** Reproducible builds say nothing, or the beginning of time. */
const createdSince = (createdAt: string | undefined, now: Date): string => {
  const created = Date.parse(createdAt ?? '');
  return Number.isNaN(created) || created <= 0 ? 'N/A' : `${humanDuration(now.getTime() - created)} ago`;
};
