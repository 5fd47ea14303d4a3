// SPDX-License-Identifier: Apache-2.0
// A data root on a small tmpfs of its own: an unprivileged user may mount one in a user and mount namespace, where he is
// uid 0. The sub-ids that root has in there are what the namespace maps, said in an /etc/subuid of its own.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { program } from './paths.js';
import { poll } from './poll.js';
import { sandbox, uniqueName } from './tool.js';

export interface SmallResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class SmallDisk implements Disposable {
  /** within its namespace; not below the sandbox, which the containers' root, a sub-id, may not pass */
  readonly path = '/mnt';
  readonly #keeper: ChildProcess;

  private constructor(sizeKiB: number) {
    const script = [
      'mount -t tmpfs -o size="$1"k,mode=711 tmpfs "$2"',
      'echo root:1:65535 > "$3"',
      'mount --bind "$3" /etc/subuid && mount --bind "$3" /etc/subgid',
      'mkdir -m 700 "$2/run" && echo ready && exec cat',
    ].join(' && ');
    const subIds = join(sandbox().directory, uniqueName('subids'));
    this.#keeper = spawn(
      'unshare',
      [
        ...['--user', '--map-root-user', '--map-auto', '--mount'],
        'sh',
        '-c',
        script,
        'sh',
        String(sizeKiB),
        this.path,
        subIds,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
  }

  static async make(sizeKiB: number): Promise<SmallDisk> {
    const disk = new SmallDisk(sizeKiB);
    let ready = false;
    disk.#keeper.stdout?.once('data', () => (ready = true));
    await poll(() => ready, { what: 'the small disk' });
    return disk;
  }

  /** Runs a shell command with the disk as "$PWD". */
  sh(script: string, ...args: readonly string[]): SmallResult {
    return this.#run(['sh', '-c', script, 'sh', ...args]);
  }

  /** Runs sampan with its data root on the disk. */
  tool(args: readonly string[], input?: Buffer): SmallResult {
    return this.#run([program, ...args], input);
  }

  /** Leaves this many KiB free, 0 for none at all. */
  fill(freeKiB: number): void {
    this.sh(
      'rm -f filler; dd if=/dev/zero of=filler bs=64k 2>/dev/null; test "$1" = 0 || truncate -s -"$1"K filler',
      String(freeKiB),
    );
  }

  free(): void {
    this.sh('rm -f filler');
  }

  /** Everything that a half-done command could leave, by name. */
  state(): string {
    const { stdout } = this.sh(
      'cd data/sampan 2>/dev/null || exit 0; ls -A tmp containers names layers images/blobs/sha256 2>/dev/null; ls -d layers/*/layer.json 2>/dev/null | wc -l',
    );
    return stdout;
  }

  #run(command: readonly string[], input?: Buffer): SmallResult {
    const pid = String(this.#keeper.pid);
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      ['-t', pid, '-U', '-m', '--preserve-credentials', 'sh', '-c', 'cd "$0" && exec "$@"', this.path, ...command],
      {
        encoding: 'utf8',
        env: {
          ...sandbox().env,
          // by which the leak check knows whose process it is
          TMPDIR: sandbox().directory,
          XDG_DATA_HOME: join(this.path, 'data'),
          XDG_RUNTIME_DIR: join(this.path, 'run'),
        },
        timeout: 50_000,
        maxBuffer: 1 << 24,
        ...(input === undefined ? {} : { input }),
      },
    );
    return { exitCode: status ?? -1, stdout, stderr };
  }

  [Symbol.dispose](): void {
    this.#keeper.kill('SIGKILL');
  }
}
