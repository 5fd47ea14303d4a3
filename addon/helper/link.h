// SPDX-License-Identifier: Apache-2.0
// The link between the monitor (or task) process and the init process it cloned: one SOCK_SEQPACKET pair.
//
// How this works: the child is born waiting. The parent has its ids mapped and sends PROCEED; the child interprets the
// plan, saying PTY, READY, ERROR or RESULT on the way, and waits for GO after READY. The link is close-on-exec, so that
// its end without an ERROR means that execve succeeded. When a process that joins namespaces clones the init process
// on behalf of the monitor, it says BORN with the pid. This header is the child's half; launch.h is the parent's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "addon/protocol/plan.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

enum class LinkKind : uint32_t { ready = 1, pty, error, result, born, proceed, go };

struct LinkHeader {
  LinkKind kind = LinkKind::ready;
  uint32_t number = 0;     // error: errno; born: pid
  uint32_t operation = 0;  // error
  uint32_t index = 0;      // error
  uint32_t subject_size = 0;
};

// Longer subjects (paths of hostile images) and details are cut.
inline constexpr size_t kMaxLinkText = 4096;
inline constexpr size_t kMaxLinkMessage = sizeof(LinkHeader) + 2 * kMaxLinkText;

// Errors before any operation ran (joining, waiting) name no operation.
inline constexpr uint32_t kNoOperation = UINT32_MAX;

Status send_link(int link, const LinkHeader &header, std::string_view subject = {}, std::string_view detail = {},
                 int fd = -1);

inline Status send_ready(int link) { return send_link(link, {.kind = LinkKind::ready}); }
inline Status send_pty(int link, int master) { return send_link(link, {.kind = LinkKind::pty}, {}, {}, master); }
inline Status send_result(int link, std::string_view json) { return send_link(link, {.kind = LinkKind::result}, json); }
inline Status send_born(int link, pid_t pid, int network_namespace = -1) {
  return send_link(link, {.kind = LinkKind::born, .number = static_cast<uint32_t>(pid)}, {}, {}, network_namespace);
}
Status send_error(int link, const Error &error, uint32_t operation, uint32_t index);

// The call that failed, and what was said about it: the detail of an ERROR.
std::string describe(const Error &error);

// Waits for the parent's PROCEED or GO. ECONNRESET when the parent is gone.
Status receive_order(int link, LinkKind expected);

// Asks the kernel to kill this process when its parent dies (prctl(2) PR_SET_PDEATHSIG), and makes sure that the parent
// had not died before: its end of the link would be closed. To be repeated after every change of credentials, which
// clears the setting.
Status die_with_parent(int link);

// The parent's half that only launch.cc needs.
struct Born {
  pid_t pid = -1;
  unique_fd network_namespace;  // of a process that was born inside netd's user namespace
};
Result<Born> receive_born(int link);
Status send_proceed(int link);

}  // namespace sampan
