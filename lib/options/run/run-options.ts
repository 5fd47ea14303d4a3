// SPDX-License-Identifier: Apache-2.0
// What run and create do themselves, beside the request: attaching, printing, the id file.

import { InvalidArgument, booleanOption, listOption, stringOption, valueOption, type Option } from '../option.js';
import { readDetachKeys } from '../parse/detach-keys.js';

export type AttachedStream = 'stdin' | 'stdout' | 'stderr';

const readStream = (text: string): AttachedStream => {
  const stream = text.toLowerCase();
  if (stream === 'stdin' || stream === 'stdout' || stream === 'stderr') return stream;
  throw new InvalidArgument('valid streams are STDIN, STDOUT and STDERR');
};

const readDryRun = (text: string): 'plan' => {
  if (text === 'plan') return text;
  throw new InvalidArgument("the only value is 'plan'");
};

export const attach = listOption({
  name: 'attach',
  short: 'a',
  group: 'process',
  describe: 'attach to stdin, stdout or stderr',
  docker: 'Config.AttachStdout',
  read: readStream,
});

export const detach = booleanOption({
  name: 'detach',
  short: 'd',
  group: 'general',
  describe: 'run the container in the background and print its id',
});

export const detachKeys = valueOption({
  name: 'detach-keys',
  kind: 'string',
  group: 'general',
  describe: 'keys that detach from the container',
  defaultText: 'ctrl-p,ctrl-q',
  read: readDetachKeys,
});

export const sigProxy = booleanOption({
  name: 'sig-proxy',
  group: 'general',
  describe: 'pass received signals on to the process',
  defaultText: 'true',
});

export const cidfile = stringOption({
  name: 'cidfile',
  group: 'lifecycle',
  describe: 'write the container id to this file, which must not exist',
});

export const quiet = booleanOption({
  name: 'quiet',
  short: 'q',
  group: 'general',
  describe: 'no progress and no notices on stderr',
});

export const dryRun = valueOption({
  name: 'dry-run',
  kind: 'string',
  group: 'general',
  describe: "'plan' prints what would be done, and does nothing",
  read: readDryRun,
});

/** Options of run alone, and those it shares with create. */
export const runOnlyOptions: readonly Option[] = [detach, detachKeys, sigProxy];
export const sharedRunOptions: readonly Option[] = [attach, cidfile, quiet, dryRun];
