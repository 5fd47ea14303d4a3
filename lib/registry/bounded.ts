// SPDX-License-Identifier: Apache-2.0
// Several things at once, but not all: the first failure stops the others.

export interface BoundedOptions {
  readonly atOnce: number;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when all work is done; rejects with the first failure, after the rest has stopped. */
export const forEachBounded = async <T>(
  items: readonly T[],
  { atOnce, signal }: BoundedOptions,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const forward = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  const queue = items.values();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (stop.signal.aborted) return;
      try {
        await work(item, stop.signal);
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  } finally {
    signal?.removeEventListener('abort', forward);
  }
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
};
