// SPDX-License-Identifier: Apache-2.0
// What is in a tar, by name: read with another program's code, the tar package.

import { Parser } from 'tar';

export interface TarListed {
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: Date | undefined;
  readonly link: string;
  readonly content: string;
}

const types: Readonly<Record<string, TarListed['type']>> = {
  File: 'file',
  OldFile: 'file',
  Directory: 'directory',
  SymbolicLink: 'symlink',
  Link: 'hardlink',
  FIFO: 'fifo',
};

export const tarList = (bytes: Buffer): Promise<ReadonlyMap<string, TarListed>> =>
  new Promise((resolve, reject) => {
    const files = new Map<string, TarListed>();
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const parts: Buffer[] = [];
        entry.on('data', (part: Buffer) => parts.push(part));
        entry.on('end', () => {
          files.set(entry.path, {
            type: types[entry.type] ?? 'other',
            mode: entry.mode ?? 0,
            uid: entry.uid ?? -1,
            gid: entry.gid ?? -1,
            size: entry.size,
            mtime: entry.mtime,
            link: entry.linkpath ?? '',
            content: Buffer.concat(parts).toString(),
          });
        });
      },
    });
    parser.on('error', reject);
    parser.on('end', () => {
      resolve(files);
    });
    parser.end(bytes);
  });
