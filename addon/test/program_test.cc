// SPDX-License-Identifier: Apache-2.0
// The lookup in PATH, with an execve that only says what it would have answered.
#include "addon/helper/program.h"

#include <sys/stat.h>

#include <map>

#include "addon/test/temp_dir.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

std::map<std::string, int> answers;
std::string tried;

int fake_exec(const char *path, char *const[], char *const[]) {
  tried.append(path).append(" ");
  const auto answer = answers.find(path);
  errno = answer == answers.end() ? ENOENT : answer->second;
  return -1;
}

Error run(std::string name, std::string path) {
  tried.clear();
  std::string entry = "PATH=" + path;
  std::string decoy = "PATHX=/decoy";
  char *const argv[] = {name.data(), nullptr};
  char *const env[] = {decoy.data(), entry.data(), nullptr};
  return execute(argv, env, fake_exec);
}

TEST("a name is tried in every directory of PATH") {
  answers.clear();
  const Error error = run("prog", "/a:/b/::/c");
  CHECK_EQ(tried, "/a/prog /b/prog prog /c/prog ");
  CHECK_EQ(error.number, ENOENT);
  CHECK_EQ(error.subject, "prog");
}

TEST("a name with a slash is taken as it is") {
  answers.clear();
  run("./prog", "/a");
  CHECK_EQ(tried, "./prog ");
  run("dir/prog", "/a");
  CHECK_EQ(tried, "dir/prog ");
}

TEST("an empty name is not found") {
  CHECK_EQ(run("", "/a").number, ENOENT);
  CHECK_EQ(tried, "");
}

TEST("without PATH the usual directories are tried") {
  tried.clear();
  std::string name = "prog";
  char *const argv[] = {name.data(), nullptr};
  char *const env[] = {nullptr};
  CHECK_EQ(execute(argv, env, fake_exec).number, ENOENT);
  CHECK(tried.starts_with("/usr/local/sbin/prog /usr/local/bin/prog "));
}

TEST("what is found but not executable is remembered while the search goes on") {
  answers = {{"/a/prog", EACCES}};
  const Error error = run("prog", "/a:/b");
  CHECK_EQ(tried, "/a/prog /b/prog ");
  CHECK_EQ(error.number, EACCES);
  CHECK_EQ(error.detail, "/a/prog");
}

TEST("a file that is no program ends the search and is not given to a shell") {
  answers = {{"/a/prog", ENOEXEC}};
  CHECK_EQ(run("prog", "/a:/b").number, ENOEXEC);
  CHECK_EQ(tried, "/a/prog ");
  answers = {{"/a/prog", E2BIG}};
  CHECK_EQ(run("prog", "/a:/b").number, E2BIG);
}

TEST("a missing interpreter is told from a missing program") {
  const TempDir directory;
  const std::string script = directory.path() + "/script";
  const unique_fd file(::open(script.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
  answers.clear();
  const Error error = run("script", directory.path());
  CHECK_EQ(error.number, ENOENT);
  CHECK_EQ(error.detail, script + ": its interpreter does not exist");
}

}  // namespace
}  // namespace sampan
