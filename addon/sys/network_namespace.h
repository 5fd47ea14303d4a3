// SPDX-License-Identifier: Apache-2.0
// Work in another network namespace, as a function call.
//
// How this works: who has entered a network namespace from a user namespace of its own can never go back to the host's,
// because that takes rights over the host's. So the work is done by a short-lived child that shares memory and
// descriptors with us (clone(2) CLONE_VM|CLONE_FILES|CLONE_VFORK): sockets and devices that it opens there are ours
// when it has ended, and our own namespace never changes.
#pragma once

#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan::sys {

using NamespaceWork = Status (*)(void *argument);

// Runs work(argument) in the network namespace behind the descriptor. What work says is returned.
Status run_in_network_namespace(int network_namespace, NamespaceWork work, void *argument);

// The same with anything that can be called without arguments and returns a Status.
template <typename Work>
Status in_network_namespace(int network_namespace, Work work) {
  return run_in_network_namespace(
      network_namespace, [](void *argument) { return (*static_cast<Work *>(argument))(); }, &work);
}

// A new network namespace, owned by our user namespace. It lives as long as the descriptor or anything in it.
Result<unique_fd> new_network_namespace();

}  // namespace sampan::sys
