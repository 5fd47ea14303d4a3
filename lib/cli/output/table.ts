// SPDX-License-Identifier: Apache-2.0
// Columns: cells separated by tabs become aligned text, as docker's tables (at least 10 wide, 3 apart, the last column
// as it is). The width of the screen plays no part: a pipe gets the same.

const usualWidth = 10;
const gap = 3;

/** Each line's cells are separated by tabs. */
export const alignColumns = (
  lines: readonly string[],
  { minimumWidth = usualWidth }: { readonly minimumWidth?: number } = {},
): string => {
  const rows = lines.map((line) => line.split('\t'));
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [column, cell] of cells.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? minimumWidth, [...cell].length + gap);
    }
  }
  return rows
    .map(
      (cells) =>
        `${cells.map((cell, column) => (column === cells.length - 1 ? cell : padTo(cell, widths[column] ?? 0))).join('')}\n`,
    )
    .join('');
};

const padTo = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - [...cell].length));
