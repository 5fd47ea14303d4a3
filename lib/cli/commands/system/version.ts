// SPDX-License-Identifier: Apache-2.0
// sampan version

import type { InspectObject } from '../../output/inspect-format.js';
import { objectCommand } from './object-command.js';

/** The longest is `Default API version:` */
const nameWidth = 21;

/** The parts (Client, Server) one below the other, their fields indented and aligned. */
const versionText = (version: InspectObject): string =>
  Object.entries(version)
    .map(([part, fields]) => `${part}:\n${fieldLines(fields)}`)
    .join('\n');

const fieldLines = (fields: unknown): string => {
  if (typeof fields !== 'object' || fields === null) return ` ${String(fields)}\n`;
  return Object.entries(fields)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => ` ${`${spaced(name)}:`.padEnd(nameWidth)}${String(value)}\n`)
    .join('');
};

/** `ApiVersion` -> `API version`; DefaultAPIVersion keeps its initials */
const spaced = (field: string): string => {
  const [first = '', ...others] = field.split(/(?<=[a-z])(?=[A-Z])|(?<=API)(?=[A-Z])/);
  return [first, ...others.map((word) => (word === 'API' ? word : word.toLowerCase()))]
    .join(' ')
    .replace(/\bapi\b|^api/i, 'API');
};

export const command = objectCommand((engine) => engine.system.version(), versionText);
