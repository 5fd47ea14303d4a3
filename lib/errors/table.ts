// SPDX-License-Identifier: Apache-2.0
// The one table of errors: code -> kind and message. Exit codes derive from the kind (kinds.ts).
// Messages are lower case, without a full stop, and name the subject; the cause and the hint are appended when printed.

import type { ErrorKind } from './kinds.js';

interface ErrorEntry {
  readonly kind: ErrorKind;
  readonly message: (subject: string) => string;
}

const entry = (kind: ErrorKind, message: (subject: string) => string): ErrorEntry => ({ kind, message });

export const errorTable = {
  // usage
  ERR_USAGE: entry('usage', (s) => s),
  ERR_ARGUMENTS: entry('usage', (s) => s),
  ERR_NOT_A_TERMINAL: entry('usage', (s) => `the input device is not a TTY: ${s}`),
  ERR_UNKNOWN_COMMAND: entry('usage', (s) => `unknown command: ${s}`),
  ERR_INVALID_REFERENCE: entry('invalid', (s) => `invalid reference format: ${s}`),
  ERR_INVALID_VALUE: entry('invalid', (s) => `invalid value: ${s}`),
  ERR_TEMPLATE: entry('invalid', (s) => `template: ${s}`),
  ERR_NOT_PUBLISHED: entry('notFound', (s) => `no public port ${s}`),
  ERR_NOT_SUPPORTED: entry('invalid', (s) => `not supported: ${s}`),
  ERR_OBJECT_NOT_FOUND: entry('notFound', (s) => `no such object: ${s}`),
  // containers
  ERR_CONTAINER_NOT_FOUND: entry('notFound', (s) => `no such container: ${s}`),
  ERR_CONTAINER_AMBIGUOUS: entry('invalid', (s) => `more than one container id begins with ${s}`),
  ERR_CONTAINER_NAME_TAKEN: entry('conflict', (s) => `the container name ${s} is already in use`),
  ERR_CONTAINER_RUNNING: entry('conflict', (s) => `container ${s} is running`),
  ERR_CONTAINER_NOT_RUNNING: entry('conflict', (s) => `container ${s} is not running`),
  ERR_CONTAINER_STATE: entry('conflict', (s) => `container ${s}`),
  ERR_MOUNT_SOURCE: entry('invalid', (s) => `bind source: ${s}`),
  ERR_USER_NOT_FOUND: entry('invalid', (s) => `unable to find user ${s} in the image's passwd and group files`),
  ERR_ID_NOT_MAPPED: entry('invalid', (s) => `the container has no such user or group id: ${s}`),
  ERR_LIMIT_TOO_HIGH: entry('invalid', (s) => `--ulimit is over the hard limit of this machine: ${s}`),
  ERR_COMMAND_MISSING: entry('invalid', (s) => `no command specified for image ${s}`),
  ERR_COMMAND_NOT_FOUND: entry('commandNotFound', (s) => `${s}: executable file not found`),
  ERR_COMMAND_NOT_EXECUTABLE: entry('commandNotExecutable', (s) => `${s}: cannot be executed`),
  ERR_PATH_NOT_FOUND: entry('notFound', (s) => `no such file or directory: ${s}`),
  ERR_COPY: entry('invalid', (s) => `cannot copy: ${s}`),
  ERR_PACK: entry('engine', (s) => `the file system could not be read: ${s}`),
  ERR_PLAN_FAILED: entry('engine', (s) => `container start failed: ${s}`),
  // images
  ERR_IMAGE_NOT_FOUND: entry('notFound', (s) => `no such image: ${s}`),
  ERR_IMAGE_AMBIGUOUS: entry('invalid', (s) => `more than one image id begins with ${s}`),
  ERR_IMAGE_INVALID: entry('invalid', (s) => `invalid image: ${s}`),
  ERR_IMAGE_BUILT_IN: entry('conflict', (s) => `the image name ${s} belongs to the built-in image`),
  ERR_IMAGE_SEVERAL_NAMES: entry('conflict', (s) => `image ${s} has several names`),
  ERR_IMAGE_IN_USE: entry('conflict', (s) => `image ${s} is in use`),
  ERR_IMAGE_PLATFORM: entry('notFound', (s) => `no image for this platform: ${s}`),
  ERR_ARCHIVE_INVALID: entry('invalid', (s) => `archive: ${s}`),
  ERR_DIGEST_MISMATCH: entry('invalid', (s) => `digest mismatch: ${s}`),
  ERR_LAYER_UNPACK: entry('engine', (s) => `layer could not be unpacked: ${s}`),
  ERR_RECORD_VERSION: entry('engine', (s) => `a record of another version of sampan: ${s}`),
  ERR_STORE_CORRUPT: entry('engine', (s) => `the store is damaged: ${s}`),
  // registries
  ERR_REGISTRY_UNREACHABLE: entry('engine', (s) => `registry not reachable: ${s}`),
  ERR_REGISTRY_TLS: entry('engine', (s) => `no trusted connection to the registry: ${s}`),
  ERR_REGISTRY_UNAUTHORIZED: entry('engine', (s) => `the registry asks for a login: ${s}`),
  ERR_REGISTRY_LOGIN: entry('engine', (s) => `login refused: ${s}`),
  ERR_REGISTRY_DENIED: entry('engine', (s) => `the registry denies access: ${s}`),
  ERR_REGISTRY_NOT_FOUND: entry('notFound', (s) => `not in the registry: ${s}`),
  ERR_REGISTRY_BUSY: entry('engine', (s) => `the registry does not serve: ${s}`),
  ERR_REGISTRY_ANSWER: entry('engine', (s) => `unusable answer of the registry: ${s}`),
  ERR_REGISTRY_BLOCKED: entry('conflict', (s) => `blocked by the configuration: ${s}`),
  ERR_REGISTRY_CONFIG: entry('invalid', (s) => `registry configuration: ${s}`),
  ERR_SETTINGS: entry('invalid', (s) => `settings: ${s}`),
  ERR_CREDENTIAL_HELPER: entry('engine', (s) => `credential helper ${s}`),
  // networks
  ERR_NETWORK_NOT_FOUND: entry('notFound', (s) => `network ${s} not found`),
  ERR_NETWORK_AMBIGUOUS: entry('invalid', (s) => `more than one network id begins with ${s}`),
  ERR_NETWORK_EXISTS: entry('conflict', (s) => `network with name ${s} already exists`),
  ERR_NETWORK_IN_USE: entry('conflict', (s) => `network ${s} is in use`),
  ERR_NETWORK_BUILT_IN: entry('conflict', (s) => `${s} is a pre-defined network`),
  ERR_NETWORK_CONFIG: entry('invalid', (s) => s),
  ERR_NETWORK_FULL: entry('engine', (s) => `no free address in network ${s}`),
  ERR_NETWORK_ADDRESS_TAKEN: entry('conflict', (s) => `address ${s} is already in use`),
  ERR_NETWORK_ENDPOINT: entry('conflict', (s) => s),
  ERR_PORT_TAKEN: entry('conflict', (s) => `port is already allocated: ${s}`),
  ERR_PORT_REFUSED: entry('engine', (s) => `port cannot be published: ${s}`),
  ERR_NETD: entry('engine', (s) => `network process: ${s}`),
  // host
  ERR_HOST: entry('engine', (s) => s),
  ERR_NATIVE_MISSING: entry('engine', (s) => `the native part of sampan could not be loaded: ${s}`),
  ERR_NO_SPACE: entry('engine', (s) => `no space left on device: ${s}`),
  ERR_INTERNAL: entry('engine', (s) => `internal error: ${s}`),
} as const;

export type ErrorCode = keyof typeof errorTable;
