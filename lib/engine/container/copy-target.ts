// SPDX-License-Identifier: Apache-2.0
// Where `cp` puts what it copies, by docker's rules (docs.docker.com, "docker container cp"). Pure.

import { posix } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';

export type PathKind = 'directory' | 'other' | 'missing';

export interface CopyEnds {
  readonly source: { readonly path: string; readonly kind: Exclude<PathKind, 'missing'> };
  readonly target: {
    readonly path: string;
    readonly kind: PathKind;
    /** of the directory that it is to be in */
    readonly parent: PathKind;
  };
}

export interface CopyPlace {
  /** that exists */
  readonly directory: string;
  /** what the source is called there; absent: its content goes straight into the directory */
  readonly name?: string;
}

/** @throws ERR_COPY */
export const copyPlace = ({ source, target }: CopyEnds): CopyPlace => {
  switch (target.kind) {
    case 'directory':
      if (source.kind === 'directory' && meansContent(source.path)) return { directory: target.path };
      return { directory: target.path, name: posix.basename(posix.resolve('/', source.path)) };
    case 'other':
      if (source.kind === 'directory') throw refused(`${target.path} is no directory`, 'a directory needs one');
      if (mustBeDirectory(target.path)) throw refused(`${target.path} is no directory`);
      return named(target.path);
    case 'missing':
      if (target.parent !== 'directory') throw refused(`the directory of ${target.path} does not exist`);
      if (source.kind !== 'directory' && mustBeDirectory(target.path))
        throw refused(`the directory ${target.path} does not exist`);
      return named(target.path);
  }
};

/** `dir/.`, and `/`, which has no name of its own. */
export const meansContent = (path: string): boolean => /(?:^|\/)\.$/.test(path) || /^\/+$/.test(path);

/** A path that ends so is a directory, or nothing. */
export const mustBeDirectory = (path: string): boolean => /(?:^|\/)\.{0,2}$/.test(path);

const named = (path: string): CopyPlace => {
  const clean = path.replace(/(.)\/+$/, '$1');
  return { directory: posix.dirname(clean), name: posix.basename(clean) };
};

const refused = (subject: string, hint?: string): Error => sampanError('ERR_COPY', { subject, hint });
