// SPDX-License-Identifier: Apache-2.0
// Unpacks archives into a directory beside which there is something to protect.
#pragma once

#include <string>

#include "addon/helper/tar_unpack.h"
#include "addon/test/tar_builder.h"
#include "addon/test/test.h"
#include "addon/test/tree_dir.h"

namespace sampan {

inline constexpr UnpackOptions kOneOwner{.metadata = {.keep_owner = false}, .plain_rootfs = false};

struct Unpacked {
  int error = 0;
  std::string subject;
  UnpackCounts counts;
};

inline Unpacked unpack_into(int directory, TarBuilder &tar, const UnpackOptions &options = kOneOwner) {
  tar.end();
  MemoryStream stream{tar.bytes(), 100000};
  TarInput input(MemoryStream::read, &stream);
  TarReader reader(input);
  TarUnpacker unpacker(reader, unique_fd(fcntl(directory, F_DUPFD_CLOEXEC, 0)), options);
  const Status status = unpacker.run();
  return {status ? 0 : status.error().number, status ? "" : status.error().subject, unpacker.counts()};
}

struct Destination : TreeDir {
  Destination() {
    make_directory("root");
    make_directory("outside");
    write("outside/secret", "untouched");
    root.reset(openat(fd(), "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  Unpacked unpack(TarBuilder &tar, const UnpackOptions &options = kOneOwner) const {
    return unpack_into(root.get(), tar, options);
  }
  void check_outside() const {
    CHECK_EQ(read("outside/secret"), "untouched");
    CHECK_EQ(status("outside/secret").st_nlink, 1U);
    CHECK(!exists("outside/evil"));
    CHECK(!exists("evil"));
  }
  unique_fd root;
};

}  // namespace sampan
