// SPDX-License-Identifier: Apache-2.0
// docker's HealthConfig, which images and requests have alike. It is here because neither of the two stands on the other.

/** Times are nanoseconds, as docker keeps them; what is absent or 0 is inherited, else the default. */
export interface Healthcheck {
  /** [] is inherited; NONE, CMD and its arguments, CMD-SHELL and a command line */
  readonly test: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}
