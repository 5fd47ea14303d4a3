// SPDX-License-Identifier: Apache-2.0
// The process config of another process in a container: of `exec`, and of the probes of its health check. Pure.

import { resolveCapabilities } from '../../spec/capabilities.js';
import type { ExecRequest } from '../../spec/create-request.js';
import { mergeEnv } from '../../spec/merge.js';
import type { ProcessConfig, RuntimeConfig } from '../../spec/runtime-config.js';

/** The container's process config with what exec overrides; limits and groups stay the container's. */
export const execProcessOf = ({ process }: RuntimeConfig, request: ExecRequest): ProcessConfig => ({
  ...process,
  terminal: request.tty,
  args: request.command,
  env: mergeEnv(request.tty ? [...process.env, 'TERM=xterm'] : process.env, request.env),
  cwd: request.workingDir ?? process.cwd,
  user: request.user === undefined ? process.user : { username: request.user, additionalGroups: [] },
  capabilities: request.privileged
    ? resolveCapabilities({ privileged: true, add: [], drop: [] })
    : process.capabilities,
});
