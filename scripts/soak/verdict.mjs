// SPDX-License-Identifier: Apache-2.0
// What a soak has shown, in lines, and whether that is good.

/** Pages and descriptors that one more kind of work needs for good. */
const room = { descriptors: 4, privateKb: 1024 };

/** @returns the exit code */
export const report = ({ baseline, final, failures, lost, counts, samples, kills }) => {
  const problems = [
    ...failures.slice(0, 20).map(({ kind, text }) => `${kind}: ${text}`),
    ...(failures.length > 20 ? [`and ${String(failures.length - 20)} more failures`] : []),
    ...Object.entries(lost).flatMap(([side, count]) =>
      count > 0 ? [`${String(count)} idle connections were lost (${side})`] : [],
    ),
    ...growth(baseline, final),
  ];
  const peak = (key) => Math.max(...samples.map((sample) => sample[key]));
  console.log(`\ndone: ${JSON.stringify(counts)}; netd killed ${String(kills)} times`);
  console.log(
    `most: ${String(peak('descriptors'))} descriptors, ${String(peak('privateKb'))} KB private, ` +
      `${String(peak('tcp'))} TCP and ${String(peak('udp'))} UDP flows`,
  );
  console.log(`before: ${JSON.stringify(baseline)}\nafter: ${JSON.stringify(final)}`);
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(problems.length === 0 ? 'verdict: nothing grew, nothing was lost' : 'verdict: see the problems');
  return problems.length === 0 ? 0 : 1;
};

const growth = (baseline, final) => {
  if (baseline === undefined || final === undefined) return ['netd could not be sampled'];
  if (baseline.pid !== final.pid) return ['netd is another one than before: it has died'];
  return [
    ...['descriptors', 'privateKb'].flatMap((key) =>
      final[key] > baseline[key] + room[key]
        ? [`${key}: ${String(baseline[key])} before, ${String(final[key])} after`]
        : [],
    ),
    ...['tcp', 'udp'].flatMap((key) =>
      final[key] > baseline[key] ? [`${key} flows: ${String(final[key])} left`] : [],
    ),
  ];
};
