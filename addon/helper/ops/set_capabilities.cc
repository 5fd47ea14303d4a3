// SPDX-License-Identifier: Apache-2.0
// set_capabilities: cuts every set down to what the container may have.
#include <sys/prctl.h>

#include "addon/helper/capabilities.h"
#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"

namespace sampan {

namespace {

constexpr int kMaxCapability = 63;

constexpr uint64_t bit(int capability) { return uint64_t{1} << capability; }

// capabilities(7): needs CAP_SETPCAP, which is there until the sets are put. EINVAL ends the list of capabilities that
// this kernel knows.
Status drop_bounding(uint64_t keep) {
  for (int capability = 0; capability <= kMaxCapability; ++capability) {
    const int present = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (present < 0) return {};
    if (present == 0 || (keep & bit(capability)) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return last_error("prctl(PR_CAPBSET_DROP)");
  }
  return {};
}

Status raise_ambient(uint64_t ambient) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return last_error("prctl(PR_CAP_AMBIENT)");
  for (int capability = 0; capability <= kMaxCapability; ++capability) {
    if ((ambient & bit(capability)) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return last_error("prctl(PR_CAP_AMBIENT_RAISE)", std::to_string(capability));
    }
  }
  return {};
}

}  // namespace

// What the user namespace does not have cannot be given: the sets are cut to the permitted one. A user other than root
// keeps no effective capability but ambient ones, now (chdir and execve are done with his rights) and after execve
// (capabilities(7), transformation during execve).
// #syscalls: prctl capget capset
Status op_set_capabilities(InitContext &context, const set_capabilities_args &args) {
  const auto current = get_capabilities();
  if (!current) return current.error();
  if (auto dropped = drop_bounding(args.bounding); !dropped) return dropped;
  const uint64_t possible = current.value().permitted;
  CapabilitySets sets;
  sets.permitted = args.permitted & possible;
  sets.inheritable = args.inheritable & possible;
  const uint64_t ambient = args.ambient & sets.permitted & sets.inheritable;
  sets.effective = context.uid == 0 ? args.effective & sets.permitted : ambient;
  if (auto put = put_capabilities(sets); !put) return put;
  if (auto raised = raise_ambient(ambient); !raised) return raised;
  return die_with_parent(context.link);
}

}  // namespace sampan
