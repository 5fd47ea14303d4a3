// SPDX-License-Identifier: Apache-2.0
// Waits for a condition of the outside world, which sends no event.

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Resolves when the condition holds; throws after the timeout, unless optional. */
export const poll = async (
  condition: () => boolean | Promise<boolean>,
  {
    timeoutMs = 15_000,
    what = 'the condition',
    optional = false,
  }: { readonly timeoutMs?: number; readonly what?: string; readonly optional?: boolean } = {},
): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = 5; !(await condition()); pauseMs = Math.min(100, pauseMs * 2)) {
    if (Date.now() > deadline) {
      if (optional) return;
      throw new Error(`${what} did not come true within ${String(timeoutMs)} ms`);
    }
    await sleep(pauseMs);
  }
};
