// SPDX-License-Identifier: Apache-2.0
// ps(1) of the host, for `top`: its options are a language of their own, and people know them. execa is loaded when
// it is asked.

import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { shorten } from '../util/shorten.js';

const patienceMs = 10_000;
const largestAnswerBytes = 32 * 1024 * 1024;

/**
 * What ps prints, whole lines, the titles first. undefined when the host has no ps. Asked for these processes alone
 * first; not every choice of processes goes together with that, then for what the options say.
 * @throws ERR_INVALID_VALUE with what ps says of its options
 */
export const runPs = async (
  options: readonly string[],
  pids: readonly number[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[] | undefined> => {
  const quick = await ps([...options, `-q${pids.join(',')}`], env);
  if (quick === undefined) return undefined;
  const answer = quick.exitCode === 0 ? quick : await ps(options, env);
  if (answer?.exitCode === 0) return answer.stdout.split('\n').filter((line) => line.trim() !== '');
  const [said = ''] = (answer?.stderr ?? '').split('\n').filter((line) => line.trim() !== '');
  throw sampanError('ERR_INVALID_VALUE', { subject: `ps ${options.join(' ')}: ${shorten(said.trim())}` });
};

const ps = async (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string } | undefined> => {
  const { execa } = await import('execa');
  const { PATH } = env;
  const result = await execa('ps', args, {
    // no width: a cut line would hide the command
    env: { PATH, LC_ALL: 'C' },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: patienceMs,
    maxBuffer: largestAnswerBytes,
  });
  if (hasErrno(result, 'ENOENT', 'EACCES')) return undefined;
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
};
