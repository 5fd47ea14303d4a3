// SPDX-License-Identifier: Apache-2.0
// Names of containers: docker's rule for given ones, adjective_surname for the others.

import { randomInt } from 'node:crypto';
import { sampanError } from '../../errors/sampan-error.js';

/** @throws ERR_INVALID_VALUE */
export const checkName = (name: string): string => {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name)) return name;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `container name ${name}`,
    hint: 'use 2 to 128 letters, digits, "_", "." and "-", the first a letter or digit',
  });
};

/** Sailors' words and people who made the seas readable. */
const adjectives = [
  'able', 'amber', 'ample', 'blithe', 'bold', 'brave', 'breezy', 'bright', 'brisk', 'calm', 'candid', 'clear', 'clever',
  'coral', 'crisp', 'curious', 'daring', 'deft', 'eager', 'earnest', 'fair', 'fleet', 'fond', 'frank', 'gallant',
  'gentle', 'glad', 'golden', 'hale', 'hardy', 'honest', 'jolly', 'keen', 'kind', 'lively', 'loyal', 'lucid', 'mellow',
  'merry', 'mild', 'modest', 'nimble', 'noble', 'patient', 'placid', 'plucky', 'polite', 'prompt', 'proud', 'quick',
  'quiet', 'rapid', 'ready', 'serene', 'sharp', 'silver', 'sincere', 'sleek', 'smooth', 'snug', 'sober', 'steady',
  'stout', 'sturdy', 'sunny', 'swift', 'tidy', 'trim', 'trusty', 'upbeat', 'valiant', 'vivid', 'warm', 'wise', 'witty',
] as const;
const surnames = [
  'aryabhata', 'baret', 'barents', 'battuta', 'beaufort', 'bering', 'bowditch', 'cabot', 'cook', 'cousteau', 'dias',
  'drake', 'earle', 'ekman', 'fitzroy', 'flinders', 'franklin', 'frobisher', 'gama', 'gudrid', 'halley', 'harrison',
  'henson', 'hudson', 'humboldt', 'jeanne', 'kuroshio', 'laperouse', 'magellan', 'majid', 'mau', 'maury', 'mercator',
  'nansen', 'piailug', 'polo', 'ptolemy', 'pytheas', 'quiros', 'raleigh', 'ross', 'sacagawea', 'shackleton', 'slocum',
  'stark', 'sverdrup', 'tasman', 'tharp', 'torres', 'tupaia', 'vancouver', 'vespucci', 'xuhe', 'zhenghe',
] as const;

export const generateName = (): string => `${pick(adjectives)}_${pick(surnames)}`;

const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? 'calm';
