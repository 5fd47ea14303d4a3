// SPDX-License-Identifier: Apache-2.0
#include "addon/binding/callback.h"

namespace sampan::binding {

void call_function(napi_env env, napi_async_context context, napi_ref function,
                   std::initializer_list<napi_value> arguments) {
  napi_value callee = nullptr;
  napi_value receiver = nullptr;
  if (napi_get_reference_value(env, function, &callee) != napi_ok || callee == nullptr) return;
  if (napi_get_global(env, &receiver) != napi_ok) return;
  if (napi_make_callback(env, context, receiver, callee, arguments.size(), arguments.begin(), nullptr) !=
      napi_pending_exception) {
    return;
  }
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

}  // namespace sampan::binding
