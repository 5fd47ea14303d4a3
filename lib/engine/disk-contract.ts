// SPDX-License-Identifier: Apache-2.0
// The part of the engine contract that is about disk space: what it is used for, and what pruning gave back.

/** What one kind of object takes of the disk. */
export interface UsageOf<Item> {
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  /** what prune would give back */
  readonly reclaimableBytes: number;
  readonly items: readonly Item[];
}

/** docker's filters of prune: until, label, label! */
export type PruneFilters = Readonly<Record<string, readonly string[]>>;

export interface ContainerPruneReport {
  readonly ids: readonly string[];
  /** what they took on disk, their logs too */
  readonly reclaimedBytes: number;
}

/** One line of what was removed: either of the two. */
export interface RemovedImageLine {
  readonly untagged?: string;
  readonly deleted?: string;
}

export interface ImagePruneReport {
  readonly lines: readonly RemovedImageLine[];
  readonly reclaimedBytes: number;
}

export interface SystemPruneReport {
  readonly containers: ContainerPruneReport;
  /** names of the networks that went */
  readonly networks: readonly string[];
  readonly images: ImagePruneReport;
  readonly reclaimedBytes: number;
}
