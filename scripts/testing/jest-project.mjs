// SPDX-License-Identifier: Apache-2.0
// Runs one project of jest.config.cjs, as whoever shall run it, and counts its tests.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const jest = (project, args) => [
  process.execPath,
  'node_modules/jest/bin/jest.js',
  '--selectProjects',
  project,
  '--json',
  ...args,
];

/** Runs one jest project; `run` gets command and environment and returns the exit code. */
export const runProject = async ({ project, args, state, run, env }) => {
  const counts = join(state, `${project}.json`);
  const code = await run(jest(project, [`--outputFile=${counts}`, ...args]), { ...env, SAMPAN_TEST_STATE: state });
  if (!existsSync(counts)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(counts, 'utf8'),
  );
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  // a failing hook or leak check may fail the run without failing a test
  return {
    passed: numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: numPendingTests + numTodoTests,
  };
};

/** Variables of the caller that tests read. */
export const passedOn = () =>
  Object.fromEntries(
    ['CI', 'UPDATE', 'SAMPAN_TEST_SEED', 'SAMPAN_TEST_ROUNDS', 'SAMPAN_TEST_FULL', 'FORCE_COLOR'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  );
