// SPDX-License-Identifier: Apache-2.0
// wait_go: everything that can fail but execve has been done; the client may write its records now.
#include "addon/helper/link.h"
#include "addon/helper/ops/ops.h"

namespace sampan {

// #syscalls: sendmsg recvmsg
Status op_wait_go(InitContext &context, const wait_go_args &) {
  if (auto sent = send_ready(context.link); !sent) return sent;
  return receive_order(context.link, LinkKind::go);
}

}  // namespace sampan
