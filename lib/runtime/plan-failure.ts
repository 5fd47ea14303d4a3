// SPDX-License-Identifier: Apache-2.0
// From a failed operation to the error a user reads: by operation and errno, never by message text.

import { getSystemErrorMap } from 'node:util';
import { sampanError, type SampanError } from '../errors/sampan-error.js';
import type { ErrorCode } from '../errors/table.js';
import type { HelperFailure } from '../native/helper.js';
import { limitError } from './limit-error.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly hint?: string | ((subject: string) => string);
}

/** The port is the last number of its place: [::]:80/tcp. */
const lowPortHint = (place: string): string =>
  'low ports are for root: take a higher one, or ' +
  `sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${/:(\d+)\/\w+$/.exec(place)?.[1] ?? '80'}`;

/** Of a published port; the kernel has the same answers for interfaces and files. */
const place = /:\d+\/(?:tcp|udp)$/;

const tryCheck = "'sampan system check' tests what the engine needs, one by one";

/** The first entry whose operation, errno and subject fit. */
const meanings: readonly {
  readonly operation: string;
  readonly errnos?: readonly string[];
  readonly subject?: RegExp;
  readonly meaning: Meaning;
}[] = [
  { operation: 'exec', errnos: ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'], meaning: { code: 'ERR_COMMAND_NOT_FOUND' } },
  {
    operation: 'exec',
    errnos: ['EACCES', 'EISDIR', 'ENOEXEC', 'EPERM', 'ELOOP', 'ETXTBSY', 'EINVAL', 'ELIBBAD'],
    meaning: { code: 'ERR_COMMAND_NOT_EXECUTABLE' },
  },
  { operation: 'set_user', errnos: ['ENOENT', 'ESRCH'], meaning: { code: 'ERR_USER_NOT_FOUND' } },
  {
    operation: 'set_user',
    errnos: ['EINVAL'],
    meaning: {
      code: 'ERR_ID_NOT_MAPPED',
      hint:
        "'sampan info' shows how many ids a container has (UserIds): use one of them, or give yourself more in " +
        "/etc/subuid and /etc/subgid with 'sudo usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST USER'",
    },
  },
  {
    operation: 'map_ids',
    meaning: { code: 'ERR_PLAN_FAILED', hint: `check /etc/subuid and /etc/subgid; ${tryCheck}` },
  },
  {
    operation: 'map_method',
    meaning: { code: 'ERR_PLAN_FAILED', hint: `check /etc/subuid and /etc/subgid; ${tryCheck}` },
  },
  {
    operation: 'new_keyring',
    errnos: ['EDQUOT'],
    meaning: {
      code: 'ERR_PLAN_FAILED',
      hint: 'your key quota is used up (200 keyrings by default): sudo sysctl -w kernel.keys.maxkeys=2000',
    },
  },
  {
    operation: 'network_lease',
    errnos: ['EADDRINUSE'],
    subject: place,
    meaning: { code: 'ERR_PORT_TAKEN', hint: "'ss -lntup' shows which process of yours has it" },
  },
  {
    operation: 'network_lease',
    errnos: ['EACCES'],
    subject: place,
    meaning: { code: 'ERR_PORT_REFUSED', hint: lowPortHint },
  },
  {
    operation: 'network_lease',
    errnos: ['EADDRNOTAVAIL'],
    subject: place,
    meaning: { code: 'ERR_PORT_REFUSED', hint: "the host has no such address: 'ip address' lists those it has" },
  },
  {
    operation: 'network_lease',
    errnos: ['E2BIG'],
    meaning: { code: 'ERR_PORT_REFUSED', hint: 'too many for one container, as they do not follow each other' },
  },
  {
    operation: 'network_lease',
    errnos: ['EMFILE', 'ENFILE'],
    meaning: {
      code: 'ERR_PORT_REFUSED',
      hint: "each takes descriptors of the network process: publish fewer, or raise the hard limit ('ulimit -Hn')",
    },
  },
  {
    operation: 'network_lease',
    errnos: ['ENODEV'],
    meaning: {
      code: 'ERR_NETD',
      hint: 'networks need it: sudo modprobe tun, sudo chmod 666 /dev/net/tun; --network none and --network host do without',
    },
  },
  {
    operation: 'network_lease',
    meaning: { code: 'ERR_NETD', hint: `${tryCheck}; --network none and --network host do without` },
  },
  {
    operation: 'namespaces',
    errnos: ['ENOSPC'],
    meaning: {
      code: 'ERR_PLAN_FAILED',
      hint: "a limit of namespaces is reached: 'sysctl user' shows them, user.max_net_namespaces among others; --network host needs none of these",
    },
  },
  { operation: 'namespaces', meaning: { code: 'ERR_PLAN_FAILED', hint: tryCheck } },
];

export const planError = (failure: HelperFailure): SampanError => {
  if (failure.operation === 'set_rlimit' && failure.code === 'EPERM') return limitError(failure);
  const found = meanings.find(
    ({ operation, errnos, subject }) =>
      operation === failure.operation &&
      errnos?.includes(failure.code) !== false &&
      subject?.test(failure.subject) !== false,
  );
  const noSpace = failure.code === 'ENOSPC' || failure.code === 'EDQUOT';
  const code = found?.meaning.code ?? (noSpace ? 'ERR_NO_SPACE' : 'ERR_PLAN_FAILED');
  const subject = subjectOf(failure, code);
  const hint = found?.meaning.hint ?? hintFor(failure);
  return sampanError(code, {
    subject,
    op: failure.operation,
    errno: failure.errno,
    hint: typeof hint === 'function' ? hint(subject) : hint,
    cause: failure.operation === 'set_user' && failure.code === 'ENOENT' ? undefined : causeOf(failure),
  });
};

const subjectOf = ({ operation, subject }: HelperFailure, code: ErrorCode): string => {
  if (code === 'ERR_PLAN_FAILED') return `${operation} ${subject}`.trim();
  if (subject !== '') return subject;
  return code === 'ERR_ID_NOT_MAPPED' ? 'one of its groups' : operation;
};

/** The call and the kernel's answer; operation and subject are in the error's own text already. */
const causeOf = ({ code, errno, detail, stack = '' }: HelperFailure): Error => {
  const known = getSystemErrorMap().get(-errno);
  const answer = known === undefined ? code : `${known[1]} (${code})`;
  const cause = new Error([detail, answer].filter((part) => part !== '').join(': '));
  return Object.assign(cause, { code, errno, stack });
};

const hintFor = ({ operation, code }: HelperFailure): string | undefined => {
  if (operation === 'exec') return undefined;
  return ['EPERM', 'EACCES', 'ENOSYS', 'ENODEV', 'EINVAL'].includes(code) ? tryCheck : undefined;
};
