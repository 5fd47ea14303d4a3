// SPDX-License-Identifier: Apache-2.0
// Type-aware rules at their strictest; every exclusion says why. Formatting is prettier's.

import nodePlugin from 'eslint-plugin-n';
import tseslint from 'typescript-eslint';

const sizes = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
  // a switch counts once: over a closed union it is a table
  complexity: ['error', { max: 12, variant: 'modified' }],
};

const general = {
  eqeqeq: 'error',
  'no-console': 'error',
  'no-var': 'error',
  'no-param-reassign': 'error',
  'no-promise-executor-return': ['error', { allowVoid: true }],
  'no-unused-expressions': 'off', // the typescript-eslint twin is on
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
};

const node = {
  'n/no-unsupported-features/node-builtins': ['error', { version: '>=20.17.0' }],
  'n/prefer-node-protocol': 'error',
  'n/no-deprecated-api': 'error',
  'n/no-path-concat': 'error',
};

// ---- fences: what only one folder may do (lib/ layers themselves: .dependency-cruiser.cjs) -------------------------

const onProcess = (property, message) => ({ object: 'process', property, message });
const commandLineOnly = ['argv', 'exit', 'exitCode', 'stdin', 'stdout', 'stderr'].map((property) =>
  onProcess(property, 'only lib/cli talks to the terminal: everything below is a library too'),
);
const loadOnly = onProcess(
  'dlopen',
  'the addon is loaded in lib/native/load.ts only: there it explains itself when it fails',
);

const writers = [
  'appendFile',
  'chmod',
  'chown',
  'copyFile',
  'cp',
  'createWriteStream',
  'link',
  'mkdir',
  'mkdtemp',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'writeFile',
];
const noWriting = {
  paths: ['node:fs', 'node:fs/promises'].map((name) => ({
    name,
    importNames: writers.flatMap((writer) => (writer.startsWith('create') ? [writer] : [writer, `${writer}Sync`])),
    message: 'files of the data root are written through lib/store: atomically, under its locks',
  })),
};

/** Files outside lib/store that write, each with its reason. */
const mayWrite = [
  'lib/store/**', // the store itself
  'lib/engine/container/{create,host-rootfs,start,remove,rename,reconcile,run-traces}.ts', // fill and empty a container's own directory, in scratch space or under its lock
  'lib/engine/system/check.ts', // its probes live in scratch space
  'lib/runtime/cgroup.ts', // the cgroup file system is no data root
  'lib/cli/**', // --cidfile and what the user named; records stay out of reach by the layers
];

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'build/', 'coverage/', '.library/'] },
  {
    files: ['lib/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { n: nodePlugin },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...sizes,
      ...general,
      ...node,
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // a function that waits for nothing may be async, so that it rejects rather than throws: contracts ask for it
      '@typescript-eslint/require-await': 'off',
      // an error caught is often rethrown as it came
      '@typescript-eslint/only-throw-error': ['error', { allowRethrowing: true, allowThrowingUnknown: true }],
      // callbacks that return void are written as short arrows
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // a number in a message is what its author meant; objects and undefined stay forbidden
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // a string is spread to get its code points, which is what Go's and docker's rules count in
      '@typescript-eslint/no-misused-spread': 'off',
      // an unused parameter of a callback is named with an underscore
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // process.env['X'] marks an index signature, as tsconfig allows both
      '@typescript-eslint/dot-notation': 'off',
      // `undefined` in a union result of a void-returning callback is used for optional reports
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/cli/**'],
    rules: { 'no-restricted-properties': ['error', ...commandLineOnly, loadOnly] },
  },
  { files: ['lib/cli/**/*.ts'], rules: { 'no-console': 'off', 'no-restricted-properties': ['error', loadOnly] } },
  { files: ['lib/native/load.ts'], rules: { 'no-restricted-properties': ['error', ...commandLineOnly] } },
  { files: ['lib/**/*.ts'], ignores: mayWrite, rules: { 'no-restricted-imports': ['error', noWriting] } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // a describe or a table of cases is one long function by nature
      'max-lines-per-function': 'off',
      // expect.objectContaining and friends are typed any
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      // a test may say "this is there": it fails when not
      '@typescript-eslint/no-non-null-assertion': 'off',
      // jest's expect(object.method) is a check, not a call without this
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // scripts: plain JavaScript, without types; they talk to a terminal
    files: ['scripts/**/*.mjs', 'bin/**/*.js', '*.mjs', '*.cjs', 'test/**/*.mjs'],
    plugins: { n: nodePlugin },
    languageOptions: { ecmaVersion: 2023 },
    rules: {
      ...sizes,
      ...general,
      ...node,
      // import.meta.dirname and cpSync are there in 20.17, if experimental: good enough for scripts
      'n/no-unsupported-features/node-builtins': [
        'error',
        { version: '>=20.17.0', allowExperimental: true, ignores: ['import.meta.dirname'] },
      ],
      'no-console': 'off',
      // the configuration files of tools are default exports
      'no-restricted-exports': 'off',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
);
