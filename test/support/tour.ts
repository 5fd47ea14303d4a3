// SPDX-License-Identifier: Apache-2.0
// One way through what containers need of a host, as one script: some hosts (a user namespace of unshare(1)) last only
// as long as the process that made them.

import { execa } from 'execa';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerArchive } from './archives.js';
import { program, repository } from './paths.js';
import { rootfsTar } from './rootfs.js';
import { sandbox, toResult, uniqueName, type ToolResult } from './tool.js';

/** Runs its command on a host that lacks these system calls; for a user without set-uid programs too. */
export const denying = (...syscalls: readonly number[]): readonly string[] => [
  join(repository, 'build/test/deny'),
  ...syscalls.map(String),
  '--',
];

const script = `
set -e
sampan=$1 archive=$2 image=$3
"$sampan" load -q -i "$archive" >/dev/null
"$sampan" run --rm "$image" sh -c 'id -u; echo $$'
"$sampan" run --rm -v "$PWD:/bound:ro" "$image" sh -c 'cat /bound/seen; echo x >/bound/new' 2>/dev/null || echo "read-only: $?"
"$sampan" run --rm --read-only "$image" sh -c 'echo x >/new' 2>/dev/null || echo "read-only root: $?"
"$sampan" run -d --name "tour-$$" "$image" sh -c 'echo started; exec sleep 100' >/dev/null
"$sampan" exec "tour-$$" sh -c 'echo in "$(hostname)" >/made; cat /made' >/dev/null
"$sampan" logs "tour-$$"
"$sampan" rm -f "tour-$$" >/dev/null
"$sampan" run --rm host sh -c 'echo x >/etc/new && cat /etc/new'
"$sampan" rmi "$image" >/dev/null
"$sampan" info --format '{{.Sampan.IdMap}}'
`;

/** What `tour` prints where all is well, but for the kind of id map, its last line. */
export const tourSeen = ['0', '1', 'seen', 'read-only: 1', 'read-only root: 1', 'started', 'x'];

/** `wrapper` is the start of the command line that makes the host. */
export const tour = async (wrapper: readonly string[]): Promise<ToolResult> => {
  const { directory } = sandbox();
  const name = `${uniqueName('tour').toLowerCase()}:test`;
  const archive = join(directory, 'tour.tar');
  writeFileSync(
    archive,
    dockerArchive({ layers: [rootfsTar()], config: { Cmd: ['sh'], Env: ['PATH=/bin'] }, names: [name] }),
  );
  writeFileSync(join(directory, 'seen'), 'seen\n');
  return on(wrapper, ['sh', '-c', script, 'tour', program, archive, name]);
};

/** Runs a command on the host that `wrapper` makes. */
export const on = async (wrapper: readonly string[], command: readonly string[]): Promise<ToolResult> => {
  const { directory, env } = sandbox();
  const [file = '', ...args] = [...wrapper, ...command];
  const finished = await execa(file, args, {
    env,
    extendEnv: false,
    cwd: directory,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    timeout: 100_000,
  });
  return toResult(finished, command);
};
