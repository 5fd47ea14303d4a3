// SPDX-License-Identifier: Apache-2.0
// Two projects: unit (seconds, no kernel features) and kernel (real containers, as an unprivileged user; scripts/
// test-kernel.mjs starts it). @swc/jest strips types only; `npm run types` checks them.
'use strict';

// execa and what it is made of are ES modules, which jest's CommonJS modules cannot load: they are transformed too.
const esmOnly = [
  ...[
    'execa',
    '@sindresorhus',
    'figures',
    'get-stream',
    'human-signals',
    'is-plain-obj',
    'is-stream',
    'is-unicode-supported',
  ],
  ...[
    'npm-run-path',
    'parse-ms',
    'path-key',
    'pretty-ms',
    'signal-exit',
    'strip-final-newline',
    'unicorn-magic',
    'yoctocolors',
    '@sec-ant',
  ],
];

const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // import paths end in .js, as Node wants them; the sources end in .ts
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'],
    // has an "import" condition only, which a CommonJS resolver does not take
    '^unicorn-magic$': '<rootDir>/node_modules/unicorn-magic/node.js',
  },
  transform: {
    '^.+\\.(ts|js)$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'commonjs', ignoreDynamic: false },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/dist/', '<rootDir>/.library/'],
};

module.exports = {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    // a real registry on loopback; skips by name where there is none
    { ...common, displayName: 'registry', testMatch: ['<rootDir>/test/registry/**/*.test.ts'] },
    {
      ...common,
      displayName: 'kernel',
      testMatch: ['<rootDir>/test/kernel/**/*.test.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/setup-kernel.ts'],
    },
    {
      // whole programs between a container, the host and another machine; scripts/test-programs.mjs starts it
      ...common,
      displayName: 'programs',
      testMatch: ['<rootDir>/test/programs/**/*.test.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/setup-kernel.ts'],
    },
    {
      // the engine started by uid 0; scripts/test-kernel.mjs runs it when root started the suite
      ...common,
      displayName: 'root',
      testMatch: ['<rootDir>/test/root/**/*.test.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/setup-kernel.ts'],
    },
  ],
  // kernel tests start real processes on machines with few cores: two files at a time are enough to fill them
  maxWorkers: 2,
};
