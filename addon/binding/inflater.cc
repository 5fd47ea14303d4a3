// SPDX-License-Identifier: Apache-2.0
// `Inflater` of native.ts: an InflatePipe that is fed on the thread pool, one piece of work at a time.

#include "addon/binding/groups.h"
#include "addon/binding/inflate_pipe.h"
#include "addon/binding/values.h"

namespace sampan::binding {
namespace {

class Inflater;

// One push(): the bytes stay where JavaScript has them, and are kept alive until it is done.
class PushWorker final : public Napi::AsyncWorker {
 public:
  PushWorker(Napi::Env env, Inflater &inflater, std::shared_ptr<InflatePipe> pipe, const Napi::Array &chunks);
  Napi::Promise promise() const { return deferred_.Promise(); }

 private:
  void Execute() override {
    for (const auto &chunk : chunks_) {
      status_ = pipe_->push(chunk);
      if (!status_) return;
    }
  }
  void OnOK() override;

  Inflater &inflater_;
  std::shared_ptr<InflatePipe> pipe_;
  std::vector<std::span<const std::byte>> chunks_;
  Napi::Reference<Napi::Array> kept_;
  Napi::ObjectReference self_;
  Napi::Promise::Deferred deferred_;
  Status status_;
};

class Inflater final : public Napi::ObjectWrap<Inflater> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Inflater",
                       {InstanceMethod<&Inflater::push>("push"), InstanceMethod<&Inflater::finish>("finish"),
                        InstanceMethod<&Inflater::close>("close")});
  }

  explicit Inflater(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Inflater>(info) {
    pipe_ = std::make_shared<InflatePipe>(unique_fd(Arguments(info).fd(0, "output")));
    if (!pipe_->open()) throw to_error(info.Env(), Error{ENOSYS, "inflateInit2"});
  }

  void set_busy(bool busy) {
    busy_ = busy;
    if (!busy && closing_) pipe_->close();
  }

 private:
  Napi::Value push(const Napi::CallbackInfo &info) {
    const Napi::Object chunks = Arguments(info).object(0, "chunks");
    if (!chunks.IsArray()) throw Napi::TypeError::New(info.Env(), "chunks: expected an array");
    refuse_when_busy(info.Env());
    auto *worker = new PushWorker(info.Env(), *this, pipe_, chunks.As<Napi::Array>());
    const Napi::Promise promise = worker->promise();
    set_busy(true);
    worker->Queue();
    return promise;
  }

  Napi::Value finish(const Napi::CallbackInfo &info) {
    refuse_when_busy(info.Env());
    const std::string digest = value_or_throw(info.Env(), pipe_->finish());
    pipe_->close();
    return Napi::String::New(info.Env(), digest);
  }

  // While a push is under way its thread has the descriptor.
  void close(const Napi::CallbackInfo &) {
    closing_ = true;
    if (!busy_) pipe_->close();
  }

  void refuse_when_busy(Napi::Env env) const {
    if (busy_ || closing_) throw to_error(env, Error{EBUSY, "inflate"});
  }

  std::shared_ptr<InflatePipe> pipe_;
  bool busy_ = false;
  bool closing_ = false;
};

PushWorker::PushWorker(Napi::Env env, Inflater &inflater, std::shared_ptr<InflatePipe> pipe, const Napi::Array &chunks)
    : Napi::AsyncWorker(env, "sampan:inflate"),
      inflater_(inflater),
      pipe_(std::move(pipe)),
      kept_(Napi::Persistent(chunks)),
      self_(Napi::Persistent(inflater.Value())),
      deferred_(Napi::Promise::Deferred::New(env)) {
  for (uint32_t index = 0; index < chunks.Length(); ++index) {
    const Napi::Value chunk = chunks.Get(index);
    if (!chunk.IsTypedArray()) throw Napi::TypeError::New(env, "chunks: expected bytes");
    const auto bytes = chunk.As<Napi::TypedArray>();
    const auto *start = static_cast<const std::byte *>(bytes.ArrayBuffer().Data()) + bytes.ByteOffset();
    chunks_.emplace_back(start, bytes.ByteLength());
  }
}

void PushWorker::OnOK() {
  inflater_.set_busy(false);
  if (status_) {
    deferred_.Resolve(Env().Undefined());
  } else {
    deferred_.Reject(to_error(Env(), status_.error()).Value());
  }
}

Napi::Value has_inflater(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), has_node_libraries());
}

}  // namespace

void add_inflater(Napi::Env env, Napi::Object exports) {
  auto constructor = std::make_shared<Napi::FunctionReference>(Napi::Persistent(Inflater::define(env)));
  exports.Set("hasInflater", Napi::Function::New(env, has_inflater, "hasInflater"));
  exports.Set(
      "openInflater",
      Napi::Function::New(
          env, [constructor](const Napi::CallbackInfo &info) { return constructor->New({info[0]}); }, "openInflater"));
}

}  // namespace sampan::binding
