// SPDX-License-Identifier: Apache-2.0
// Archives as skopeo writes them, and images as skopeo reads them: what another tool makes and expects.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociArchive, type ImageSpec } from './archives.js';
import { sandbox, uniqueName } from './tool.js';

const skopeo = (...args: readonly string[]): string =>
  execFileSync('skopeo', [args[0] ?? '', '--insecure-policy', ...args.slice(1)], {
    encoding: 'utf8',
    env: sandbox().env,
    cwd: sandbox().directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** The image that skopeo finds at `<transport>:<details>`. */
export const skopeoInspect = (source: string): { readonly Digest: string; readonly Layers: readonly string[] } =>
  JSON.parse(skopeo('inspect', source)) as never;

export const skopeoCopy = (from: string, to: string): void => {
  skopeo('copy', '--quiet', from, to);
};

/** Copies an image into an archive; returns the archive's path. */
export const skopeoArchive = (
  spec: ImageSpec & { readonly names: readonly [string] },
  transport: 'docker-archive' | 'oci-archive',
  ...options: readonly string[]
): string => {
  const [source, target] = ['source.tar', 'target.tar'].map((name) => join(sandbox().directory, uniqueName(name))) as [
    string,
    string,
  ];
  writeFileSync(source, ociArchive({ ...spec, names: [] }));
  skopeo('copy', '--quiet', ...options, `oci-archive:${source}`, `${transport}:${target}:${spec.names[0]}`);
  return target;
};
