// SPDX-License-Identifier: Apache-2.0
// A command line in tmux: what full-screen programs draw is seen as a person sees it.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { program } from './paths.js';
import { poll } from './poll.js';
import { sandbox } from './tool.js';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export class Tmux implements Disposable {
  readonly #socket: string;

  constructor(
    args: readonly string[],
    { columns = 80, rows = 24 }: { readonly columns?: number; readonly rows?: number } = {},
  ) {
    this.#socket = join(sandbox().directory, `tmux-${String(Math.random()).slice(2, 8)}`);
    const command = [program, ...args].map(quoted).join(' ');
    // the last screen stays, with the exit code below it
    const shown = `${command}; echo "exit=$?"; exec sleep 1000`;
    this.#tmux(['-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), shown]);
  }

  get screen(): string {
    return this.#tmux(['capture-pane', '-p']);
  }

  /** tmux key names (`Enter`, `C-c`, `Escape`) or text. */
  keys(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys]);
  }

  type(text: string): void {
    this.#tmux(['send-keys', '-l', text]);
  }

  resize(columns: number, rows: number): void {
    this.#tmux(['resize-window', '-x', String(columns), '-y', String(rows)]);
  }

  async until(pattern: RegExp, timeoutMs = 20_000): Promise<string> {
    let screen = '';
    try {
      await poll(() => pattern.test((screen = this.screen)), { timeoutMs });
    } catch {
      throw new Error(`${String(pattern)} did not appear; the screen:\n${screen}`);
    }
    return screen;
  }

  /** A key that goes to whatever program has the terminal, again until the right one has it. */
  async press(key: string, pattern: RegExp): Promise<void> {
    let pressed = 0;
    await poll(() => {
      if (Date.now() - pressed > 2000) {
        this.keys(key);
        pressed = Date.now();
      }
      return pattern.test(this.screen);
    });
  }

  #tmux(args: readonly string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, ...args], { encoding: 'utf8', env: sandbox().env });
  }

  [Symbol.dispose](): void {
    try {
      this.#tmux(['kill-server']);
    } catch {
      // the server ended with its last window
    }
  }
}
