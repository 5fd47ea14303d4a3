// SPDX-License-Identifier: Apache-2.0
// The text of `images --tree`, in docker's columns. An image with several names has a line for each; the last one has
// the numbers.

import type { ImageTree } from '../../engine/contract.js';
import { formatBytes } from '../../util/bytes.js';
import { shortImageId } from './image-row.js';

const columns = [
  { title: 'ID', width: 12, alignment: 'left' },
  { title: 'DISK USAGE', width: 10, alignment: 'right' },
  { title: 'CONTENT SIZE', width: 12, alignment: 'right' },
  { title: 'USED', width: 4, alignment: 'center' },
] as const;

const gap = '   ';

interface Line {
  readonly name: string;
  /** of the columns; none: the name stands alone */
  readonly cells: readonly string[];
}

export const imageTreeText = (trees: readonly ImageTree[]): string => {
  const blocks = trees.map(linesOf);
  const header: Line = { name: 'IMAGE', cells: columns.map(({ title }) => title) };
  const nameWidth = Math.max(...[header, ...blocks.flat()].map(({ name }) => [...name].length));
  const text = (lines: readonly Line[]): string => lines.map((line) => `${lineText(line, nameWidth)}\n`).join('');
  return text([header]) + blocks.map(text).join('\n');
};

const linesOf = (tree: ImageTree): readonly Line[] => {
  const names = tree.names.length === 0 ? ['<untagged>'] : tree.names;
  const last = tree.platforms.length - 1;
  return [
    ...names.slice(0, -1).map((name) => ({ name, cells: [] })),
    { name: names.at(-1) ?? '', cells: cellsOf(tree.id, tree) },
    ...tree.platforms.map((leaf, index) => ({
      name: `${index === last ? '└─' : '├─'} ${leaf.platform}`,
      cells: cellsOf(leaf.digest, leaf),
    })),
  ];
};

type Numbers = Pick<ImageTree, 'diskBytes' | 'contentBytes' | 'used'>;

const cellsOf = (id: string, { diskBytes, contentBytes, used }: Numbers): readonly string[] => [
  shortImageId(id),
  formatBytes(diskBytes, 3),
  formatBytes(contentBytes, 3),
  used ? '✔' : '',
];

const lineText = ({ name, cells }: Line, nameWidth: number): string => {
  const padded = columns.map(({ width, alignment }, index) => {
    const cell = cells[index] ?? '';
    if (alignment === 'right') return cell.padStart(width);
    const before = alignment === 'center' ? Math.floor((width - cell.length) / 2) : 0;
    return (' '.repeat(before) + cell).padEnd(width);
  });
  return [name + ' '.repeat(nameWidth - [...name].length), ...padded].join(gap).trimEnd();
};
