// SPDX-License-Identifier: Apache-2.0
// The layers of lib/, checked by `npm run layers`. Imports go downwards only:
//
//   6 cli | 3 engine | 2 runtime network store registry | 1 options spec image native | 0 errors log util
//
// What imports cannot show (process.argv, dlopen, writes by a function that was handed in) is checked by
// scripts/testing/fences.mjs.
'use strict';

const levels = [
  { level: 6, folders: ['cli'] },
  { level: 3, folders: ['engine'] },
  { level: 2, folders: ['runtime', 'network', 'store', 'registry'] },
  { level: 1, folders: ['options', 'spec', 'image', 'native'] },
  { level: 0, folders: ['errors', 'log', 'util'] },
];

const inFolders = (folders) => `^lib/(${folders.join('|')})/`;

/** One rule for each folder: whatever is above it or beside it is out of reach. */
const downwards = levels.flatMap(({ level, folders }) =>
  folders.map((folder) => ({
    name: `${folder}-imports-downwards`,
    // a cycle between layers cannot be understood, tested or replaced one layer at a time
    comment: `lib/${folder} is on level ${level}: it may use what is below it, not what is above or beside it`,
    severity: 'error',
    from: { path: `^lib/${folder}/` },
    to: {
      path: inFolders(levels.filter((other) => other.level >= level).flatMap((other) => other.folders)),
      pathNot: [`^lib/${folder}/`, ...allowedBeside(folder)],
    },
  })),
);

/** Folders on one line do not import each other; an exception stands here with its reason. */
function allowedBeside(folder) {
  // an option record says how its value changes the CreateRequest: it must name that type
  if (folder === 'options') return ['^lib/spec/'];
  // the error table is the floor of everything: util throws from it like everybody else
  if (folder === 'util' || folder === 'log') return ['^lib/errors/'];
  return [];
}

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'only-the-composition-root-knows-everything',
      comment:
        'the command line talks to the contract and to open(): an engine part used directly would be a second way in',
      severity: 'error',
      from: { path: '^lib/cli/' },
      to: {
        path: '^lib/(engine/(?!contract\\.ts|open\\.ts)|runtime|network|store|registry|native)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-cycles',
      comment: 'modules in a cycle depend on the order of their evaluation, and a bundle changes it',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'child-processes-in-native-only',
      comment:
        'a process is made in one way, with a pidfd, through the helper; anything else leaks file descriptors and threads',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/native/' },
      to: { path: '(^|node:)child_process$|node_modules/execa/' },
    },
    {
      name: 'tests-stay-out-of-the-product',
      comment: 'what is shipped must not need what is not',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'dependencies-are-declared',
      comment: 'a package that is there by chance is gone after the next install',
      severity: 'error',
      from: { path: '^lib/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown', 'undetermined'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'imports-resolve',
      comment: 'a path that leads nowhere is found by the bundler last and by this first',
      severity: 'error',
      from: { path: '^lib/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      comment: 'a module that nothing imports is dead; main.ts is where the bundle starts',
      severity: 'error',
      from: { orphan: true, path: '^lib/', pathNot: ['^lib/cli/main\\.ts$', '\\.d\\.ts$'] },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // types too: a layer that only names another layer's types depends on it all the same
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      // tar/parse is a name in the package's exports, not a file
      exportsFields: ['exports'],
      conditionNames: ['require', 'import', 'node', 'default'],
    },
  },
};
