// SPDX-License-Identifier: Apache-2.0
// The relay between real pipes and real sockets, without a container.
#include "addon/helper/relay.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <string>

#include "addon/helper/settings.h"
#include "addon/test/test.h"

namespace sampan {
namespace {

constexpr uint32_t kAllStreams = kStreamStdin | kStreamStdout | kStreamStderr;

struct Pipe {
  unique_fd reader;
  unique_fd writer;
};

Pipe make_pipe() {
  int ends[2];
  CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  return {unique_fd(ends[0]), unique_fd(ends[1])};
}

// The other end of a client's connection.
class Peer {
 public:
  Peer() {
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
  }

  unique_fd take_end() { return std::move(theirs_); }
  void close() { ours_.reset(); }
  void send(FrameType type, std::string_view payload = {}, uint32_t a = 0) {
    CHECK(send_frame(ours_.get(), {.type = type, .a = a}, payload) == SendOutcome::sent);
  }

  // Takes what has come so far.
  void receive() {
    static char buffer[kMaxFramePayload];
    Frame frame;
    ReceiveOutcome outcome;
    while ((outcome = receive_frame(ours_.get(), buffer, &frame)) == ReceiveOutcome::frame) {
      last = frame.header;
      if (frame.header.type == FrameType::stdout_data) out += frame.payload;
      if (frame.header.type == FrameType::stderr_data) err += frame.payload;
    }
    closed = outcome == ReceiveOutcome::closed;
  }

  std::string out;
  std::string err;
  FrameHeader last;
  bool closed = false;

 private:
  unique_fd ours_;
  unique_fd theirs_;
};

// A relay, and the container's ends of its pipes.
struct Fixture {
  explicit Fixture(uint32_t stdio_flags = kStdioKeepStdin) : relay(poller, log, stdio_flags) {
    signal(SIGPIPE, SIG_IGN);
    CHECK(poller.open().ok());
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    stdin_reader = std::move(in.reader);
    stdout_writer = std::move(out.writer);
    stderr_writer = std::move(err.writer);
    relay.open_pipes(std::move(in.writer), std::move(out.reader), std::move(err.reader));
  }

  void attach(Peer &peer, uint32_t streams, std::string_view keys = {}) {
    relay.add_client(peer.take_end());
    peer.send(FrameType::attach, keys, streams);
    turn();
    peer.receive();
    CHECK(peer.last.type == FrameType::attached);
  }

  void turn(int count = 10) {
    for (int i = 0; i < count; ++i) {
      poller.wait(0);
      relay.sweep();
    }
  }

  // What the container reads from its stdin now; "EOF" at its end.
  std::string read_stdin() {
    char buffer[70000];
    const ssize_t size = read(stdin_reader.get(), buffer, sizeof buffer);
    if (size == 0) return "EOF";
    return size < 0 ? "" : std::string(buffer, static_cast<size_t>(size));
  }

  // Writes until the pipe is full.
  size_t write_stdout(std::string_view text) {
    const ssize_t size = write(stdout_writer.get(), text.data(), text.size());
    return size < 0 ? 0 : static_cast<size_t>(size);
  }

  Poller poller;
  JsonLog log;
  Relay relay;
  unique_fd stdin_reader;
  unique_fd stdout_writer;
  unique_fd stderr_writer;
};

TEST("every client gets the streams it asked for, and no others") {
  Fixture container;
  Peer all;
  Peer only_err;
  container.attach(all, kAllStreams);
  container.attach(only_err, kStreamStderr);
  CHECK_EQ(container.write_stdout("out"), 3U);
  CHECK_EQ(write(container.stderr_writer.get(), "err", 3), 3);
  container.turn();
  all.receive();
  only_err.receive();
  CHECK_EQ(all.out, "out");
  CHECK_EQ(all.err, "err");
  CHECK_EQ(only_err.out, "");
  CHECK_EQ(only_err.err, "err");
}

TEST("a client that does not read stops the stream, and its going away frees the others") {
  Fixture container;
  Peer reading;
  Peer stuck;
  container.attach(reading, kStreamStdout);
  container.attach(stuck, kStreamStdout);
  const std::string block(16384, 'x');
  size_t written = 0;
  for (int i = 0; i < 1000; ++i) {
    written += container.write_stdout(block);
    container.turn(2);
    reading.receive();
  }
  CHECK(written < 1000 * block.size());
  CHECK(written - reading.out.size() <= 2 * kMaxFramePayload);
  stuck.close();
  container.turn();
  reading.receive();
  container.turn();
  reading.receive();
  CHECK_EQ(reading.out.size(), written);
}

TEST("stdin waits in the client's socket while the pipe is full, and nothing of it is lost") {
  Fixture container;
  Peer client;
  container.attach(client, kAllStreams);
  const std::string block(60000, 'a');
  client.send(FrameType::stdin_data, block);
  client.send(FrameType::stdin_data, block);
  client.send(FrameType::stdin_data, "end");
  client.close();
  container.turn();
  std::string got;
  for (int i = 0; i < 10; ++i) {
    got += container.read_stdin();
    container.turn();
  }
  CHECK_EQ(got.size(), 2 * block.size() + 3);
  CHECK(got.ends_with("aend"));
}

TEST("stdin ends with its first client when it is made for one, and stays open otherwise") {
  for (const bool says_eof : {true, false}) {
    Fixture once(kStdioKeepStdin | kStdioStdinOnce);
    Peer client;
    once.attach(client, kAllStreams);
    client.send(FrameType::stdin_data, "x");
    if (says_eof) client.send(FrameType::stdin_eof);
    if (!says_eof) client.close();
    once.turn();
    CHECK_EQ(once.read_stdin(), "x");
    CHECK_EQ(once.read_stdin(), "EOF");
  }
  Fixture kept;
  Peer first;
  kept.attach(first, kAllStreams);
  first.send(FrameType::stdin_eof);
  kept.turn();
  CHECK_EQ(kept.read_stdin(), "");
  Peer second;
  kept.attach(second, kAllStreams);
  CHECK_EQ(second.last.b, 1U);
  second.send(FrameType::stdin_data, "y");
  kept.turn();
  CHECK_EQ(kept.read_stdin(), "y");
}

TEST("the detach keys end the connection and nothing else") {
  Fixture container(kStdioKeepStdin | kStdioStdinOnce);
  Peer client;
  container.attach(client, kAllStreams, "\x10\x11");
  client.send(FrameType::stdin_data, "ls\x10");
  client.send(FrameType::stdin_data, "\x11lost");
  client.send(FrameType::stdin_data, "lost too");
  container.turn();
  client.receive();
  CHECK(client.last.type == FrameType::detached);
  CHECK(client.closed);
  CHECK_EQ(container.read_stdin(), "ls");
  CHECK_EQ(container.read_stdin(), "");
}

TEST("after the end every client gets the rest and EXIT, at its own pace") {
  Fixture container;
  Peer quick;
  Peer slow;
  container.attach(quick, kStreamStdout);
  container.attach(slow, kStreamStdout);
  size_t written = 0;
  const std::string block(16384, 'x');
  for (int i = 0; i < 200; ++i) {
    written += container.write_stdout(block);
    container.turn(2);
  }
  quick.receive();
  container.relay.end_streams();
  container.relay.announce_exit({.type = FrameType::exit, .a = 7});
  container.turn();
  quick.receive();
  CHECK_EQ(quick.out.size(), written);
  CHECK(quick.last.type == FrameType::exit);
  CHECK_EQ(quick.last.a, 7U);
  CHECK(!container.relay.everybody_served(false));
  for (int i = 0; i < 20; ++i) {
    slow.receive();
    container.turn();
  }
  CHECK_EQ(slow.out.size(), written);
  CHECK(slow.last.type == FrameType::exit);
  CHECK(container.relay.everybody_served(true));
}

TEST("who does not begin with ATTACH is not served") {
  Fixture container;
  Peer stranger;
  container.relay.add_client(stranger.take_end());
  stranger.send(FrameType::resize, {}, 9);
  container.turn();
  stranger.receive();
  CHECK(stranger.closed);
}

}  // namespace
}  // namespace sampan
