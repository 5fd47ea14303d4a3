// SPDX-License-Identifier: Apache-2.0
// set_hostname and set_domainname, of the UTS namespace.
#include <unistd.h>

#include <cstring>

#include "addon/helper/ops/ops.h"

namespace sampan {

// #syscalls: sethostname
Status op_set_hostname(InitContext &, const set_hostname_args &args) {
  const char *name = args.name == nullptr ? "" : args.name;
  if (::sethostname(name, std::strlen(name)) != 0) return last_error("sethostname", name);
  return {};
}

// #syscalls: setdomainname
Status op_set_domainname(InitContext &, const set_domainname_args &args) {
  const char *name = args.name == nullptr ? "" : args.name;
  if (::setdomainname(name, std::strlen(name)) != 0) return last_error("setdomainname", name);
  return {};
}

}  // namespace sampan
