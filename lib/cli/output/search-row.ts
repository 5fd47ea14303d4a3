// SPDX-License-Identifier: Apache-2.0
// The row of `search`: docker's field names and texts, and the tags where a registry lists its repositories.

import type { SearchReport, SearchResult } from '../../engine/contract.js';
import { GoStruct, type GoValue } from '../template/values.js';
import type { ListShape } from './list-format.js';
import { ellipsis } from './text.js';

export const searchShape = (kind: SearchReport['kind']): ListShape => ({
  table: kind === 'search' ? '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}' : '{{.Name}}\t{{.Tags}}',
  headers: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
    IsAutomated: 'AUTOMATED',
    Tags: 'TAGS',
  },
});

const shortText = 45;

/** The fields in docker's (alphabetical) order, which JSON shows; there, flags are words. */
export const searchRow = (
  { name, description, stars, isOfficial, isAutomated, tags = [] }: SearchResult,
  { truncate, json }: { readonly truncate: boolean; readonly json: boolean },
): GoStruct => {
  const shown = (text: string): string => {
    const oneLine = text.replace(/[\n\r\t]+/g, ' ');
    return truncate ? ellipsis(oneLine, shortText) : oneLine;
  };
  const flag = (value: boolean): string => (json ? String(value) : value ? '[OK]' : '');
  const fields: Readonly<Record<string, GoValue>> = {
    Description: shown(description),
    IsAutomated: flag(isAutomated),
    IsOfficial: flag(isOfficial),
    Name: name,
    StarCount: String(stars),
    Tags: shown(tags.join(', ')),
  };
  return new GoStruct(new Map(Object.entries(fields)), { typeName: '*formatter.searchContext' });
};
