// SPDX-License-Identifier: Apache-2.0
// A command line with a terminal of its own: keys in, what appears out. python3's pty module makes the terminal, because
// Node cannot.

import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { program, repository } from './paths.js';
import { poll } from './poll.js';
import { sandbox } from './tool.js';

export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  #output = '';
  readonly exitCode: Promise<number>;

  constructor(
    args: readonly string[],
    {
      columns = 80,
      rows = 24,
      env = {},
    }: { readonly columns?: number; readonly rows?: number; readonly env?: Readonly<Record<string, string>> } = {},
  ) {
    const bridge = join(repository, 'test/support/pty-bridge.py');
    this.#child = spawn('python3', [bridge, String(columns), String(rows), program, ...args], {
      cwd: sandbox().directory,
      env: { ...sandbox().env, ...env },
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.exitCode = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        resolve(code ?? -1);
      });
    });
  }

  /** All that has appeared. */
  get output(): string {
    return this.#output;
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  resize(columns: number, rows: number): void {
    // stdio[3] is the bridge's control pipe
    (this.#child.stdio[3] as Writable).write(`${String(columns)} ${String(rows)}\n`);
  }

  async until(pattern: RegExp, timeoutMs = 20_000): Promise<string> {
    try {
      await poll(() => pattern.test(this.#output), { timeoutMs });
    } catch {
      throw new Error(`${String(pattern)} did not appear; this did:\n${JSON.stringify(this.#output)}`);
    }
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.exitCode;
  }
}
