// SPDX-License-Identifier: Apache-2.0
// The columns of `ps -ef`, from proc(5): for hosts without ps.

import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { hasErrno } from '../../errors/sampan-error.js';
import type { HostProcess } from './container-processes.js';

export const fullTitles: readonly string[] = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

/** USER_HZ, which is 100 wherever Linux runs */
const ticksPerSecond = 100;
/** positions in proc_pid_stat(5), counted from the third field */
const field = { tty: 4, userTicks: 11, systemTicks: 12, startTicks: 19 } as const;

export const fullRows = (processes: readonly HostProcess[]): readonly (readonly string[])[] => {
  const upSeconds = Number(readIfThere('/proc/uptime').split(' ')[0]);
  return processes.map((one) => fullRow(one, upSeconds));
};

const fullRow = ({ pid, parent, stat, name }: HostProcess, upSeconds: number): readonly string[] => {
  const secondsAt = (position: number): number => Number(stat[position] ?? 0) / ticksPerSecond;
  const ageSeconds = Math.max(upSeconds - secondsAt(field.startTicks), 1);
  const busySeconds = secondsAt(field.userTicks) + secondsAt(field.systemTicks);
  return [
    userOf(pid),
    String(pid),
    String(parent),
    String(Math.min(99, Math.floor((busySeconds / ageSeconds) * 100))),
    startText(new Date(Date.now() - ageSeconds * 1000)),
    terminalText(Number(stat[field.tty] ?? 0)),
    clockText(busySeconds),
    commandOf(pid, name),
  ];
};

const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return '';
    throw error;
  }
};

/** Sub-ids have no names. */
const userOf = (pid: number): string => {
  const uid = statSync(`/proc/${String(pid)}`, { throwIfNoEntry: false })?.uid;
  return uid === userInfo().uid ? userInfo().username : String(uid ?? '?');
};

const two = (number: number): string => String(number).padStart(2, '0');

/** The time of today, the day before that. */
const startText = (start: Date): string =>
  start.toDateString() === new Date().toDateString()
    ? `${two(start.getHours())}:${two(start.getMinutes())}`
    : start.toDateString().replace(/^\w+ (\w+) (\d+) .*$/, '$1$2');

/** tty_nr of proc_pid_stat(5): minor number in bits 31 to 20 and 7 to 0, major in 15 to 8; 136 to 143 are pts. */
const terminalText = (device: number): string => {
  const [major, minor] = [(device >> 8) & 0xff, (device & 0xff) | ((device >> 12) & 0xfff00)];
  if (major >= 136 && major <= 143) return `pts/${String((major - 136) * 256 + minor)}`;
  return major === 4 ? `tty${String(minor)}` : '?';
};

const clockText = (seconds: number): string => {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86_400);
  const [hours, minutes] = [Math.floor((whole % 86_400) / 3600), Math.floor((whole % 3600) / 60)];
  return `${days > 0 ? `${String(days)}-` : ''}${two(hours)}:${two(minutes)}:${two(whole % 60)}`;
};

/** A process without arguments is named as ps names it. */
const commandOf = (pid: number, name: string): string => {
  const line = readIfThere(`/proc/${String(pid)}/cmdline`)
    .replaceAll('\0', ' ')
    .trimEnd();
  return line === '' ? `[${name}]` : line;
};
