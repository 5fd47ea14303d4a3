// SPDX-License-Identifier: Apache-2.0
// Loaded before every file of the kernel project.

jest.setTimeout(60_000);
