// SPDX-License-Identifier: Apache-2.0
// What an upper directory says about the tree below it, as a list and as a layer.
#include <sys/socket.h>
#include <sys/un.h>

#include "addon/helper/tar_whiteout.h"
#include "addon/test/pack_dir.h"
#include "addon/test/test.h"
#include "addon/test/unpack_dir.h"

namespace sampan {
namespace {

// upper/ above lower/, which has a/{x,y}, b/{x,sub/f} and the file c.
struct Overlay : TreeDir {
  Overlay() {
    for (const char *name : {"lower", "lower/a", "lower/b", "lower/b/sub", "upper"}) make_directory(name);
    for (const char *name : {"lower/a/x", "lower/a/y", "lower/b/x", "lower/b/sub/f", "lower/c"}) write(name, "low");
    lower = open_directory_at(fd(), "lower");
    upper = open_directory_at(fd(), "upper");
  }
  void hide(const std::string &name) const {
    const size_t slash = name.rfind('/');
    const unique_fd parent = open_directory_at(fd(), name.substr(0, slash).c_str());
    if (!make_whiteout(parent.get(), name.c_str() + slash + 1)) abort();
  }
  void mark(const std::string &name, const char *attribute, std::string_view value) const {
    if (setxattr((path() + "/" + name).c_str(), attribute, value.data(), value.size(), 0) < 0) abort();
  }
  std::string list(const std::vector<std::string> &ignored = {}) const {
    return list_changes(upper.get(), lower.get(), ignored);
  }
  std::string names_in_layer() const {
    std::string names;
    for (const TarEntry &entry : read_archive(pack_changes(upper.get(), lower.get()).bytes).entries) {
      names += entry.path + " ";
    }
    return names;
  }
  // The layer, unpacked as an upper directory again, says the same.
  void check_round_trip() {
    const std::string bytes = pack_changes(upper.get(), lower.get()).bytes;
    make_directory("again");
    MemoryStream stream{bytes, 100000};
    TarInput input(MemoryStream::read, &stream);
    TarReader reader(input);
    TarUnpacker unpacker(reader, open_directory_at(fd(), "again"), kOneOwner);
    CHECK(unpacker.run().ok());
    CHECK_EQ(list_changes(open_directory_at(fd(), "again").get(), lower.get()), list());
  }
  unique_fd lower;
  unique_fd upper;
};

TEST("added, changed and deleted names are told, with the directories they are in") {
  Overlay at;
  at.make_directory("upper/a");
  at.write("upper/a/new", "x");
  at.write("upper/a/x", "changed");
  at.hide("upper/a/y");
  at.make_directory("upper/n");
  at.write("upper/n/f", "x");
  at.hide("upper/c");
  CHECK_EQ(at.list(), "D/c C/a A/a/new C/a/x D/a/y A/n A/n/f");
  CHECK_EQ(at.names_in_layer(), ".wh.c a/ a/new a/x a/.wh.y n/ n/f ");
  at.check_round_trip();
}

TEST("a directory that was only copied up is no change, one with another mode is") {
  Overlay at;
  at.make_directory("upper/a");
  at.make_directory("upper/b");
  at.make_directory("upper/b/sub");
  CHECK_EQ(at.list(), "");
  CHECK_EQ(fchmodat(at.fd(), "upper/b/sub", 0700, 0), 0);
  CHECK_EQ(at.list(), "C/b C/b/sub");
  at.check_round_trip();
}

TEST("a whiteout of what is not below is no change") {
  Overlay at;
  at.hide("upper/nothing");
  at.make_directory("upper/a");
  at.hide("upper/a/nothing");
  CHECK_EQ(at.list(), "");
}

TEST("an opaque directory deletes what it does not have itself") {
  Overlay at;
  at.make_directory("upper/b");
  at.mark("upper/b", "user.overlay.opaque", "y");
  at.write("upper/b/x", "new");
  at.make_directory("upper/b/sub");
  at.write("upper/b/sub/g", "new");
  CHECK_EQ(at.list(), "C/b C/b/x C/b/sub D/b/sub/f A/b/sub/g");
  CHECK_EQ(at.names_in_layer(), "b/ b/.wh..wh..opq b/x b/sub/ b/sub/g ");
  at.check_round_trip();
}

TEST("an opaque directory without anything below is an ordinary one") {
  Overlay at;
  at.make_directory("upper/n");
  at.mark("upper/n", "user.overlay.opaque", "y");
  at.write("upper/n/f", "x");
  CHECK_EQ(at.list(), "A/n A/n/f");
  CHECK_EQ(at.names_in_layer(), "n/ n/f ");
}

TEST("an empty opaque directory deletes everything") {
  Overlay at;
  at.make_directory("upper/b");
  at.mark("upper/b", "user.overlay.opaque", "y");
  CHECK_EQ(at.list(), "C/b D/b/sub D/b/x");
  CHECK_EQ(at.names_in_layer(), "b/ b/.wh..wh..opq ");
}

TEST("whiteouts that are files with an attribute count where the directory says so") {
  Overlay at;
  at.make_directory("upper/a");
  at.write("upper/a/x", "");
  at.mark("upper/a/x", "user.overlay.whiteout", "y");
  CHECK_EQ(at.list(), "C/a C/a/x");
  at.mark("upper/a", "user.overlay.opaque", "x");
  CHECK_EQ(at.list(), "C/a D/a/x");
  CHECK_EQ(at.names_in_layer(), "a/ a/.wh.x ");
}

TEST("a directory in the place of a file, and a file in the place of a directory") {
  Overlay at;
  at.make_directory("upper/c");
  at.write("upper/c/f", "x");
  at.write("upper/b", "a file now");
  CHECK_EQ(at.list(), "C/b C/c A/c/f");
  at.check_round_trip();
}

TEST("what the engine makes itself is no change, unless there is more to it") {
  Overlay at;
  const std::vector<std::string> ignored = {".dockerenv", "etc/hosts", "proc"};
  at.write("upper/.dockerenv", "");
  at.make_directory("upper/proc");
  at.make_directory("upper/a");
  CHECK_EQ(at.list(ignored), "");
  at.make_directory("upper/etc");
  at.write("upper/etc/hosts", "");
  CHECK_EQ(at.list(ignored), "A/etc");
  at.write("upper/etc/hosts", "written by somebody");
  at.write("upper/proc/f", "x");
  CHECK_EQ(at.list(ignored), "A/etc A/etc/hosts A/proc A/proc/f");
}

TEST("without anything below everything is added") {
  Overlay at;
  at.make_directory("upper/d");
  at.write("upper/d/f", "x");
  CHECK_EQ(list_changes(at.upper.get(), -1), "A/d A/d/f");
}

TEST("a name that a layer cannot hold is refused") {
  Overlay at;
  at.write("upper/.wh.a", "x");
  const Packed packed = pack_changes(at.upper.get(), at.lower.get());
  CHECK_EQ(packed.error, EILSEQ);
  CHECK_EQ(packed.subject, ".wh.a");
  CHECK_EQ(at.list(), "A/.wh.a");
}

TEST("a socket in the place of a file deletes it in the layer") {
  Overlay at;
  const unique_fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const char *name : {"/upper/c", "/upper/new"}) {
    const unique_fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string path = at.path() + name;
    memcpy(address.sun_path, path.c_str(), path.size() + 1);
    CHECK_EQ(bind(listener.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
  }
  CHECK_EQ(at.list(), "C/c A/new");
  CHECK_EQ(at.names_in_layer(), ".wh.c ");
}

TEST("the same changes give the same bytes") {
  Overlay at;
  for (const char *name : {"q", "w", "e", "r"}) at.write(std::string("upper/") + name, name);
  CHECK(pack_changes(at.upper.get(), at.lower.get()).bytes == pack_changes(at.upper.get(), at.lower.get()).bytes);
  CHECK_EQ(at.list(), "A/e A/q A/r A/w");
}

}  // namespace
}  // namespace sampan
