# SPDX-License-Identifier: Apache-2.0
# The targets `sampan` and `sampan-helper` of CMakeLists.txt for machines without cmake, from the same lists of sources
# and flags. What is taken away below is what Node's own common.gypi would add.
{
  'target_defaults': {
    'include_dirs': ['.'],
    'cflags!': ['-Wno-unused-parameter', '-O3', '-fno-omit-frame-pointer', '-pthread'],
    'ldflags!': ['-rdynamic', '-pthread'],
    'configurations': {'Release': {'cflags!': ['-O3', '-fno-omit-frame-pointer']}},
  },
  'targets': [
    {
      'target_name': 'sampan',
      'type': 'loadable_module',
      'product_extension': 'node',
      'sources': ['<!@(node scripts/sources.mjs sources addon)'],
      'cflags': ['<!@(node scripts/sources.mjs compile addon)', '<!@(node scripts/sources.mjs node-addon-api)'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions', '-fno-rtti'],
      'ldflags': ['<!@(node scripts/sources.mjs link addon)'],
    },
    {
      'target_name': 'sampan-helper',
      'type': 'executable',
      'sources': ['<!@(node scripts/sources.mjs sources helper)'],
      'cflags': ['<!@(node scripts/sources.mjs compile helper)'],
      'cflags!': ['-fPIC'],
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
      'ldflags': ['<!@(node scripts/sources.mjs link helper)'],
    },
  ],
}
