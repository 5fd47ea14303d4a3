// SPDX-License-Identifier: Apache-2.0
// The part of the engine contract about archives and the files of containers.

/** An archive that is read once; disposing it lets go of what is behind it. */
export interface ArchiveStream extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ContainerArchive extends ArchiveStream {
  /** complete once everything is read */
  warnings(): readonly string[];
}

export interface ContainerChange {
  readonly kind: 'added' | 'changed' | 'deleted';
  /** absolute, in the container */
  readonly path: string;
}

export interface CommitRequest {
  readonly reference?: string;
  readonly author?: string;
  readonly message?: string;
  /** Dockerfile instructions, as for import */
  readonly changes: readonly string[];
  /** stop its processes while it is read */
  readonly pause: boolean;
}

export interface Committed {
  readonly id: string;
  readonly warnings: readonly string[];
}

export interface CopyOutRequest {
  /** in the container; `/.` at its end means the content of a directory */
  readonly path: string;
  /** on the machine, absolute */
  readonly target: string;
  /** of a symlink at the end of the path */
  readonly followLink: boolean;
}

export interface CopyInRequest {
  /** on the machine, absolute; `/.` at its end means the content of a directory */
  readonly source: string;
  readonly path: string;
  readonly followLink: boolean;
  /** the numbers of the owner and group on the machine, instead of 0 */
  readonly keepOwner: boolean;
}

export interface FileCopyReport {
  readonly bytes: number;
  readonly warnings: readonly string[];
}

/** The part of ContainerService that is about files and names. */
export interface ContainerFileService {
  rename(nameOrId: string, newName: string): Promise<void>;
  /** Makes an image of its changes. */
  commit(nameOrId: string, request: CommitRequest): Promise<Committed>;
  /** What it has added, changed and deleted. */
  diff(nameOrId: string): Promise<readonly ContainerChange[]>;
  copyOut(nameOrId: string, request: CopyOutRequest): Promise<FileCopyReport>;
  copyIn(nameOrId: string, request: CopyInRequest): Promise<FileCopyReport>;
  /** a path of the container as a tar, with what is mounted there */
  readArchive(nameOrId: string, request: Pick<CopyOutRequest, 'path' | 'followLink'>): Promise<ContainerArchive>;
  /** unpacks a tar into a directory of the container */
  writeArchive(
    nameOrId: string,
    request: { readonly source: AsyncIterable<Uint8Array>; readonly path: string },
  ): Promise<FileCopyReport>;
  /** Its file system as a tar, running or not, without what is mounted into it. */
  export(nameOrId: string): Promise<ContainerArchive>;
}

// ---- images --------------------------------------------------------------------------------------------------------

/** docker: docker's archive and an OCI layout in one tar; the others are one of the two alone. */
export type ArchiveFormat = 'docker' | 'docker-archive' | 'oci-archive';

export interface SaveOptions {
  readonly format: ArchiveFormat;
  /** only the manifests for it; absent: all that are here */
  readonly platform?: string;
}

export interface ImageHistoryEntry {
  /** the image's id for its last step; `<missing>` for the others, which are no images of their own */
  readonly id: string;
  readonly createdAt?: string;
  readonly createdBy: string;
  readonly comment: string;
  /** unpacked bytes of the step's layer */
  readonly sizeBytes: number;
}
