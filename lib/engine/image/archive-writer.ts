// SPDX-License-Identifier: Apache-2.0
// Writes an image archive as a stream of chunks: documents from memory, blobs from where they lie, nothing else. Memory
// stays at a few chunks whatever the sizes.

import { tarEnd, tarHeader, tarPadding } from '../../image/tar-header.js';
import type { BlobSource } from '../../store/blob-source.js';

export type ArchiveEntry =
  | { readonly kind: 'directory'; readonly name: string }
  | { readonly kind: 'document'; readonly name: string; readonly content: Uint8Array }
  | { readonly kind: 'blob'; readonly name: string; readonly source: BlobSource };

export async function* writeArchive(entries: readonly ArchiveEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    switch (entry.kind) {
      case 'directory':
        yield tarHeader({ name: `${entry.name}/`, size: 0 });
        break;
      case 'document':
        yield Buffer.concat([
          tarHeader({ name: entry.name, size: entry.content.byteLength }),
          entry.content,
          tarPadding(entry.content.byteLength),
        ]);
        break;
      case 'blob': {
        const { size } = entry.source;
        yield tarHeader({ name: entry.name, size });
        yield* entry.source.read();
        yield tarPadding(size);
        break;
      }
    }
  }
  yield tarEnd();
}
