# SPDX-License-Identifier: Apache-2.0
# The targets `sampan` and `sampan-helper` of CMakeLists.txt, for machines without cmake. Keep the flags in step.
{
  'variables': {
    'warnings': ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '<!@(node scripts/sources.mjs --strict)'],
    'hardening': ['-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2', '-fvisibility=hidden',
                  '-ffunction-sections', '-fdata-sections'],
    'hardening_link': ['-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack'],
  },
  'target_defaults': {
    'include_dirs': ['.'],
    'defines': ['_GNU_SOURCE'],
    'cflags!': ['-Wno-unused-parameter', '-O3', '-fno-omit-frame-pointer'],
    'cflags': ['<@(warnings)', '<@(hardening)'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions', '-fno-rtti'],
    'cflags_cc': ['-std=c++20'],
    'ldflags!': ['-rdynamic'],
    'ldflags': ['<@(hardening_link)'],
    'configurations': {'Release': {'cflags!': ['-O3', '-fno-omit-frame-pointer']}},
  },
  'targets': [
    {
      'target_name': 'sampan',
      'type': 'loadable_module',
      'product_extension': 'node',
      'sources': ['<!@(node scripts/sources.mjs addon)'],
      'cflags': ['-O2', "<!(node -p \"'-isystem' + path.resolve(require('node-addon-api').include_dir)\")"],
      'cflags_cc': ['-fexceptions', '-frtti'],
      'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS'],
      'ldflags': ['-static-libstdc++', '-static-libgcc', '-s',
                  '-Wl,--version-script=<(module_root_dir)/addon/binding/exports.map'],
    },
    {
      'target_name': 'sampan-helper',
      'type': 'executable',
      'sources': ['<!@(node scripts/sources.mjs helper)'],
      'cflags': ['-Os', '-fPIE', '-fno-unwind-tables', '-fno-asynchronous-unwind-tables'],
      'cflags_cc': ['-fno-exceptions', '-fno-rtti'],
      'ldflags': ['-static-pie', '-s'],
    },
  ],
}
