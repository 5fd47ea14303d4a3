// SPDX-License-Identifier: Apache-2.0
// --cidfile: claimed before the container exists, written before its process can exit, removed when nothing was created.

import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { hasErrno, sampanError } from '../errors/sampan-error.js';

export interface CidFile extends Disposable {
  write(id: string): void;
}

/** @throws ERR_INVALID_VALUE when the file is there already */
export const openCidFile = (path: string | undefined): CidFile => {
  if (path === undefined || path === '') return { write: () => undefined, [Symbol.dispose]: () => undefined };
  const fd = openNew(path);
  let written = false;
  return {
    write: (id) => {
      writeSync(fd, id);
      written = true;
    },
    [Symbol.dispose]: () => {
      closeSync(fd);
      if (!written) unlinkSync(path);
    },
  };
};

const openNew = (path: string): number => {
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST'))
      throw sampanError('ERR_INVALID_VALUE', { subject: `container id file ${path}`, cause: error });
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `container id file ${path} is there already`,
      hint: `make sure the other container is not running, or remove the file: rm ${path}`,
    });
  }
};
