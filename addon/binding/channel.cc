// SPDX-License-Identifier: Apache-2.0
// `Channel` of native.ts: a SeqpacketStream with JavaScript functions as its listener.

#include <array>

#include "addon/binding/callback.h"
#include "addon/binding/groups.h"
#include "addon/binding/seqpacket_stream.h"
#include "addon/binding/values.h"

namespace sampan::binding {
namespace {

class Channel final : public Napi::ObjectWrap<Channel>, public StreamListener {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Channel",
                       {InstanceMethod<&Channel::send>("send"), InstanceMethod<&Channel::pause>("pause"),
                        InstanceMethod<&Channel::resume>("resume"), InstanceMethod<&Channel::close>("close")});
  }

  explicit Channel(const Napi::CallbackInfo &info)
      : Napi::ObjectWrap<Channel>(info), stream_(std::make_shared<SeqpacketStream>(*this)) {
    const Arguments arguments(info);
    unique_fd fd(arguments.fd(0, "fd"));
    const Napi::Object handlers = arguments.object(1, "handlers");
    on_message_ = function_of(handlers, "onMessage");
    on_drain_ = function_of(handlers, "onDrain");
    on_close_ = function_of(handlers, "onClose");
    context_ = std::make_unique<Napi::AsyncContext>(info.Env(), "sampan:channel");
    check(info.Env(), stream_->open(info.Env(), std::move(fd)));
    // An open channel may be all that the program waits for: it must not be collected.
    Ref();
  }
  ~Channel() override { stream_->close(); }

 private:
  static Napi::FunctionReference function_of(const Napi::Object &handlers, const char *name) {
    const Napi::Value value = handlers.Get(name);
    if (!value.IsFunction()) throw Napi::TypeError::New(handlers.Env(), std::string(name) + ": expected a function");
    return Napi::Persistent(value.As<Napi::Function>());
  }

  Napi::Value send(const Napi::CallbackInfo &info) {
    const auto message = Arguments(info).bytes(0, "message");
    return Napi::Boolean::New(info.Env(), value_or_throw(info.Env(), stream_->send(message)));
  }
  void pause(const Napi::CallbackInfo &) { stream_->pause(); }
  void resume(const Napi::CallbackInfo &) { stream_->resume(); }
  void close(const Napi::CallbackInfo &) { release(); }

  void release() {
    stream_->close();
    if (!std::exchange(released_, true)) Unref();
  }

  void on_message(std::span<const std::byte> message) override {
    const napi_env env = Env();
    const HandleScope scope(env);
    napi_value buffer = nullptr;
    if (napi_create_buffer_copy(env, message.size(), message.data(), nullptr, &buffer) != napi_ok) return;
    call_function(env, *context_, on_message_, {buffer});
  }
  void on_drain() override {
    const HandleScope scope(Env());
    call_function(Env(), *context_, on_drain_, {});
  }
  void on_end(const std::optional<Error> &error) override {
    const HandleScope scope(Env());
    const napi_value value = error ? to_error(Env(), *error).Value() : Env().Undefined();
    release();
    call_function(Env(), *context_, on_close_, {value});
  }
  void on_stream_teardown() override { released_ = true; }

  std::shared_ptr<SeqpacketStream> stream_;
  std::unique_ptr<Napi::AsyncContext> context_;
  Napi::FunctionReference on_message_;
  Napi::FunctionReference on_drain_;
  Napi::FunctionReference on_close_;
  bool released_ = false;
};

// Per environment: the class, of which JavaScript only sees the instances.
struct ChannelClass {
  Napi::FunctionReference constructor;
};

Napi::Value open_channel(const Napi::CallbackInfo &info) {
  return info.Env().GetInstanceData<ChannelClass>()->constructor.New({info[0], info[1]});
}

}  // namespace

void add_channel(Napi::Env env, Napi::Object exports) {
  auto channel = std::make_unique<ChannelClass>();
  channel->constructor = Napi::Persistent(Channel::define(env));
  env.SetInstanceData(channel.release());
  exports.Set("openChannel", Napi::Function::New(env, open_channel, "openChannel"));
}

}  // namespace sampan::binding
