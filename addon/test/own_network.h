// SPDX-License-Identifier: Apache-2.0
// Runs the body of a test in a child process with a user and a network namespace of its own, where lo is up and has the
// given IPv4 addresses besides 127.0.0.1.
#pragma once

#include <initializer_list>

namespace sampan::test {

void in_own_network(std::initializer_list<const char *> addresses, void (*body)());

}  // namespace sampan::test
