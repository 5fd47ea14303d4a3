// SPDX-License-Identifier: Apache-2.0
// A bound on how deep somebody's JSON nests, checked on the bytes before they are parsed: whatever walks the result
// later may be recursive.

import { registryError } from './failure.js';
import type { StepSubject } from './contract.js';

const deepest = 64;

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** @throws ERR_REGISTRY_ANSWER */
export const checkDepth = (content: Uint8Array, subject: StepSubject): void => {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < content.length; at++) {
    const byte = content[at];
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) depth--;
    if (depth > deepest)
      throw registryError('ERR_REGISTRY_ANSWER', subject, {
        detail: `the answer nests deeper than ${String(deepest)} levels`,
      });
  }
};
