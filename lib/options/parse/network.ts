// SPDX-License-Identifier: Apache-2.0
// --add-host, --dns, --hostname, --network.

import { isIP } from 'node:net';
import { sampanError } from '../../errors/sampan-error.js';
import type { AddedHost } from '../../spec/create-request.js';
import { InvalidArgument } from '../option.js';

/** host:ip or host=ip; an IPv6 address may stand in brackets; `host-gateway` instead of an address */
export const readAddedHost = (text: string): AddedHost => {
  const separator = text.search(/[:=]/);
  const name = separator < 0 ? '' : text.slice(0, separator);
  if (name === '') throw new InvalidArgument(`bad format for add-host: ${JSON.stringify(text)}: give host:ip`);
  const address = text.slice(separator + 1).replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && isIP(address) === 0) {
    throw new InvalidArgument(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  return { name, address };
};

export const readAddress = (text: string): string => {
  if (isIP(text.trim()) === 0) throw new InvalidArgument(`IP address is not correctly formatted: ${text}`);
  return text.trim();
};

export const readSearchDomain = (text: string): string => {
  if (text.trim() === '.') return '.';
  if (!/^(?=.{1,255}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(text.trim()))
    throw new InvalidArgument(`${text} is not a valid domain`);
  return text.trim();
};

/** sethostname(2) takes 64 bytes */
export const readHostname = (text: string): string => {
  if (text.length > 64 || !/^[A-Za-z0-9_.-]+$/.test(text)) {
    throw new InvalidArgument('a host name has up to 64 letters, digits, dots, dashes and underscores');
  }
  return text;
};

export const readNetwork = (text: string): string => {
  if (text === 'none' || text === 'host') return text;
  throw sampanError('ERR_NOT_SUPPORTED', {
    subject: `--network ${text}`,
    hint: 'this version knows the networks none and host',
  });
};
