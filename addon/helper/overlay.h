// SPDX-License-Identifier: Apache-2.0
// An overlay mount, made detached where the kernel can, for root_overlay and mount_overlay.
#pragma once

#include <cstdint>

#include "addon/protocol/plan.h"
#include "addon/sys/result.h"
#include "addon/sys/unique_fd.h"

namespace sampan {

enum OverlayFlags : uint32_t { kOverlayVolatile = 1 };

struct OverlayRequest {
  StringList lower;             // topmost first
  const char *upper = nullptr;  // absent: read-only
  const char *work = nullptr;
  uint32_t flags = 0;
};

// Mounts it on what `target` refers to and returns the root of the new mount.
Result<unique_fd> mount_overlay_on(int target, const OverlayRequest &request, const char *subject);

}  // namespace sampan
