// SPDX-License-Identifier: Apache-2.0
// What a layer says about the layers below it. OCI layers have names for it (.wh.NAME, .wh..wh..opq), overlayfs has
// file types and attributes: a character device 0:0 hides a name, user.overlay.opaque hides the content of a directory.
#pragma once

#include <sys/stat.h>

#include <string_view>

#include "addon/sys/result.h"

namespace sampan {

enum class WhiteoutKind { none, hide_name, opaque, ignored };

struct Whiteout {
  WhiteoutKind kind = WhiteoutKind::none;
  std::string_view hidden;  // hide_name: the name in the layers below
};

// Of a cleaned path of an archive. Names that aufs kept for itself (.wh..wh.*) are ignored wherever they stand.
Whiteout parse_whiteout(std::string_view path);

// Nothing but make_whiteout() puts such a device into a layer: devices of archives are left out.
bool is_overlay_whiteout(const struct stat &status);

// A whiteout may be made without privilege since Linux 5.8.
Status make_whiteout(int parent, const char *name);

// Hides what the layers below have in this directory. (overlayfs mounted with userxattr, Linux 5.11.)
Status mark_opaque(int parent, const char *name);
Status mark_opaque(int directory);

}  // namespace sampan
