// SPDX-License-Identifier: Apache-2.0
// -v, --mount and --tmpfs: docker's three ways to ask for a mount.

import { posix } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import type { MountRequest } from '../../spec/create-request.js';
import { parseBytes } from '../../util/bytes.js';
import type { Caller } from '../caller.js';
import { InvalidArgument, parseBoolean } from '../option.js';
import { parseCsv } from './csv.js';

/** Paths of the caller are made absolute when the directory is known. */
export type MountSource = (caller: Caller) => MountRequest;

const propagations = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const;
type Propagation = (typeof propagations)[number];
const asPropagation = (text: string): Propagation | undefined => propagations.find((known) => known === text);

/** Mean nothing without SELinux or a virtual machine between: docker takes them, and so do we. */
const withoutEffect = new Set(['z', 'Z', 'consistent', 'cached', 'delegated', 'rw']);

// ---- -v ------------------------------------------------------------------------------------------------------------

/** source:target[:options]; the source is a path, `./path` or `~`-free relative path is below the caller's directory. */
export const readVolume = (text: string): MountSource => {
  const [source, target, options, ...more] = text.split(':');
  if (source === undefined || source === '' || more.length > 0)
    throw new InvalidArgument('invalid volume specification: give source:target[:options]');
  if (target === undefined) throw notYet(`-v ${text} (an anonymous volume)`);
  if (!isHostPath(source)) throw notYet(`-v ${text} (the named volume ${source})`);
  const mount = applyVolumeOptions(options);
  const destination = absoluteTarget(target);
  return ({ cwd }) => ({
    type: 'bind',
    source: posix.resolve(cwd, source),
    target: destination,
    createSource: true,
    ...mount,
  });
};

/** docker takes everything that begins with . or / for a path, and other words for names of volumes. */
const isHostPath = (source: string): boolean => source.startsWith('/') || /^\.{1,2}(\/|$)/.test(source);

const applyVolumeOptions = (
  options: string | undefined,
): { readonly readOnly: boolean; readonly propagation?: Propagation } => {
  let readOnly = false;
  let propagation: Propagation | undefined;
  for (const option of options === undefined ? [] : options.split(',')) {
    const found = asPropagation(option);
    if (found !== undefined) propagation = found;
    else if (option === 'ro') readOnly = true;
    else if (option === 'nocopy' || !withoutEffect.has(option))
      throw new InvalidArgument(`invalid mode: ${options ?? ''}`);
  }
  return { readOnly, ...(propagation === undefined ? {} : { propagation }) };
};

// ---- --mount -------------------------------------------------------------------------------------------------------

interface MountFields {
  type: string;
  source?: string;
  target?: string;
  readOnly: boolean;
  propagation?: Propagation;
  nonRecursive?: boolean;
  tmpfs: string[];
}

/** type=bind|tmpfs,source=...,target=...[,...] as one CSV record */
export const readMount = (text: string): MountSource => {
  const fields: MountFields = { type: 'volume', readOnly: false, tmpfs: [] };
  for (const field of parseCsv(text)) readField(fields, field);
  if (fields.type === 'volume') throw notYet(`--mount ${text} (a volume)`);
  if (fields.target === undefined || fields.target === '') throw new InvalidArgument('target is required');
  const target = absoluteTarget(fields.target);
  return fields.type === 'bind' ? bindOf(fields, target) : tmpfsOf(fields, target);
};

const readField = (fields: MountFields, field: string): void => {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
  const value = equals < 0 ? undefined : field.slice(equals + 1);
  if (key === 'readonly' || key === 'ro') fields.readOnly = value === undefined || parseBoolean(value);
  else if (key === 'bind-nonrecursive') fields.nonRecursive = value === undefined || parseBoolean(value);
  else if (value === undefined) throw new InvalidArgument(`invalid field '${field}' must be a key=value pair`);
  else readPair(fields, key, value);
};

const readPair = (fields: MountFields, key: string, value: string): void => {
  switch (key) {
    case 'type':
      fields.type = mountType(value);
      return;
    case 'source':
    case 'src':
      fields.source = value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      fields.target = value;
      return;
    case 'bind-propagation': {
      const propagation = asPropagation(value);
      if (propagation === undefined) throw new InvalidArgument(`invalid propagation: ${value}`);
      fields.propagation = propagation;
      return;
    }
    case 'bind-recursive':
      fields.nonRecursive = bindRecursive(value);
      return;
    case 'consistency':
      if (!withoutEffect.has(value) && value !== 'default') throw new InvalidArgument(`invalid consistency: ${value}`);
      return;
    case 'tmpfs-size': {
      const size = parseBytes(value);
      if (size === undefined) throw new InvalidArgument(`invalid value for tmpfs-size: ${value}`);
      fields.tmpfs.push(`size=${String(size)}`);
      return;
    }
    case 'tmpfs-mode':
      if (!/^0*[0-7]{1,4}$/.test(value)) throw new InvalidArgument(`invalid value for tmpfs-mode: ${value}`);
      fields.tmpfs.push(`mode=${value}`);
      return;
    default:
      throw new InvalidArgument(`unexpected key '${key}' in '${key}=${value}'`);
  }
};

const mountType = (value: string): string => {
  const type = value.toLowerCase();
  if (['bind', 'tmpfs', 'volume'].includes(type)) return type;
  if (['npipe', 'cluster', 'image'].includes(type)) throw notYet(`--mount type=${type}`);
  throw new InvalidArgument(`unknown mount type '${value}': give bind or tmpfs`);
};

const bindRecursive = (value: string): boolean => {
  if (value === 'enabled' || value === 'writable') return false;
  if (value === 'disabled') return true;
  if (value === 'readonly') throw notYet('--mount bind-recursive=readonly');
  throw new InvalidArgument(`invalid value for bind-recursive: ${value}`);
};

const bindOf = (fields: MountFields, target: string): MountSource => {
  const { source, readOnly, nonRecursive, propagation } = fields;
  if (source === undefined || source === '') throw new InvalidArgument('source is required for a bind mount');
  if (fields.tmpfs.length > 0) throw new InvalidArgument('tmpfs options do not go with type=bind');
  return ({ cwd }) => ({
    type: 'bind',
    source: posix.resolve(cwd, source),
    target,
    readOnly,
    createSource: false,
    ...(nonRecursive === undefined ? {} : { nonRecursive }),
    ...(propagation === undefined ? {} : { propagation }),
  });
};

const tmpfsOf = (fields: MountFields, target: string): MountSource => {
  if (fields.source !== undefined) throw new InvalidArgument('a tmpfs mount has no source');
  if (fields.propagation !== undefined || fields.nonRecursive !== undefined)
    throw new InvalidArgument('bind options do not go with type=tmpfs');
  return () => ({ type: 'tmpfs', target, options: fields.tmpfs, readOnly: fields.readOnly });
};

// ---- --tmpfs -------------------------------------------------------------------------------------------------------

/** target[:options], options as for mount(8): size=64m,mode=1777,ro */
export const readTmpfs = (text: string): MountRequest => {
  const colon = text.indexOf(':');
  const target = absoluteTarget(colon < 0 ? text : text.slice(0, colon));
  const options =
    colon < 0
      ? []
      : text
          .slice(colon + 1)
          .split(',')
          .filter((option) => option !== '');
  const readOnly = options.includes('ro');
  return { type: 'tmpfs', target, options: options.filter((option) => option !== 'ro' && option !== 'rw'), readOnly };
};

const absoluteTarget = (target: string): string => {
  if (!target.startsWith('/')) throw new InvalidArgument(`invalid mount path: '${target}' must be absolute`);
  const clean = posix.normalize(target).replace(/(.)\/$/, '$1');
  if (clean === '/') throw new InvalidArgument("invalid mount path: the destination can't be '/'");
  return clean;
};

const notYet = (subject: string): Error =>
  sampanError('ERR_NOT_SUPPORTED', {
    subject,
    hint: 'volumes come with a later version: bind a directory of yours, such as ./data:/data',
  });
