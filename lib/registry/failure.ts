// SPDX-License-Identifier: Apache-2.0
// From what a registry answered, or how the connection failed, to an error that names registry, repository and step.

import { sampanError, isSampanError, type SampanError } from '../errors/sampan-error.js';
import type { ErrorCode } from '../errors/table.js';
import { shorten } from '../util/shorten.js';
import type { StepSubject } from './contract.js';

export const subjectOf = ({ registry, repository, step }: StepSubject, detail?: string): string =>
  `${registry}${repository === undefined ? '' : `/${repository}`}: ${step}${detail === undefined || detail === '' ? '' : `: ${detail}`}`;

export const registryError = (
  code: ErrorCode,
  subject: StepSubject,
  details: { readonly detail?: string; readonly hint?: string; readonly cause?: unknown } = {},
): SampanError =>
  sampanError(code, { subject: subjectOf(subject, details.detail), hint: details.hint, cause: details.cause });

/** An answer that is no success. */
export const statusError = (subject: StepSubject, status: number, body: string): SampanError => {
  const said = messageOf(body);
  const detail = said === undefined ? `status ${String(status)}` : `${said} (status ${String(status)})`;
  const { code, hint } = statusMeaning(status, subject);
  return registryError(code, subject, { detail, ...(hint === undefined ? {} : { hint }) });
};

const statusMeaning = (
  status: number,
  { registry, missingHint }: StepSubject,
): { readonly code: ErrorCode; readonly hint?: string } => {
  const hint = `log in with 'sampan login ${registry}'; the repository may also not exist`;
  if (status === 401) return { code: 'ERR_REGISTRY_UNAUTHORIZED', hint };
  if (status === 403) return { code: 'ERR_REGISTRY_DENIED', hint };
  if (status === 404) {
    return { code: 'ERR_REGISTRY_NOT_FOUND', ...(missingHint === undefined ? {} : { hint: missingHint }) };
  }
  if (status === 429)
    return { code: 'ERR_REGISTRY_BUSY', hint: 'the registry limits how often it is asked: wait, or log in' };
  return { code: status >= 500 ? 'ERR_REGISTRY_BUSY' : 'ERR_REGISTRY_ANSWER' };
};

/** `{"errors":[{"code","message"}]}` (distribution-spec 1.1, "Error Codes"); the text is the registry's, so bounded. */
const messageOf = (body: string): string | undefined => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // an HTML page of some proxy in between says nothing that helps
    return undefined;
  }
  const record = asRecord(parsed);
  const list = record['errors'];
  const first = asRecord(Array.isArray(list) ? (list as readonly unknown[])[0] : undefined);
  const texts = [first['message'], first['code'], record['details'], record['message']];
  const text = texts.find((item): item is string => typeof item === 'string' && item !== '');
  return text === undefined ? undefined : shorten(text);
};

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}; // checked

const certificateCodes: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'a certificate of the chain is self-signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an unknown authority',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate is revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  UND_ERR_PRX_TLS: 'the certificate is for another host',
};

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'the content is not as long as announced',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is not as long as announced',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be resolved',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stalled',
};

const unreachableHint = (code: string): string => {
  if (code === 'ENOTFOUND') return "check the spelling of the registry's name, and the name server";
  if (code === 'ECONNREFUSED') return 'check that a registry listens at this host and port';
  return 'check the network, and HTTPS_PROXY where one is needed';
};

/** How the connection failed. */
export const connectionError = (subject: StepSubject, error: unknown): SampanError => {
  if (isSampanError(error)) return error;
  const code = errorCodeOf(error);
  const certificate = certificateCodes[code];
  if (certificate !== undefined) {
    return registryError('ERR_REGISTRY_TLS', subject, {
      detail: certificate,
      hint: `put the authority's certificate into ~/.config/containers/certs.d/${subject.registry}/ca.crt`,
      cause: error,
    });
  }
  if (isPlainHttpAnswer(error)) {
    return registryError('ERR_REGISTRY_TLS', subject, {
      detail: 'the registry speaks http, not https',
      hint: `when that is meant, add "${subject.registry}" to insecure-registries in ~/.config/sampan/config.json`,
    });
  }
  const tls = code.startsWith('ERR_SSL_') || code === 'EPROTO' || code.startsWith('CERT_');
  return registryError(tls ? 'ERR_REGISTRY_TLS' : 'ERR_REGISTRY_UNREACHABLE', subject, {
    detail: reasons[code] ?? shorten(code),
    ...(tls ? {} : { hint: unreachableHint(code) }),
    cause: error,
  });
};

/** What OpenSSL says when the other side answers a TLS hello in plain text. */
export const isPlainHttpAnswer = (error: unknown): boolean =>
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST'].includes(
    errorCodeOf(error),
  ) ||
  (errorCodeOf(error) === 'EPROTO' && /wrong version number|packet length too long/.test(String(error)));

/** Worth another try: the connection, not the answer, was the trouble. */
export const isTransient = (error: unknown): boolean =>
  [
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  ].includes(errorCodeOf(error));

/** An AggregateError (several addresses) has the code of its last member. */
export const errorCodeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('errors' in error && Array.isArray(error.errors)) return errorCodeOf(error.errors.at(-1));
  if ('cause' in error && error.cause !== undefined) return errorCodeOf(error.cause);
  return 'name' in error && typeof error.name === 'string' ? error.name : 'unknown';
};
