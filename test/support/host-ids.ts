// SPDX-License-Identifier: Apache-2.0
import type { OwnIds } from '../../lib/runtime/own-ids.js';

const all = [{ start: 0, count: 0xffff_ffff }];

/** What an ordinary process on the host has. */
export const hostIds: OwnIds = { uids: all, gids: all, isInitial: true, noNewPrivileges: false, canMapIds: false };
