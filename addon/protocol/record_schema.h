// SPDX-License-Identifier: Apache-2.0
// The form of a container's records (lib/store/container-records.ts): the monitor writes some of them, TypeScript the
// others, and each says which form it has. Raise it whenever any of them changes so that an older reader, or a newer
// one, would take it wrongly. TypeScript's constant (lib/native/protocol.ts) is generated from this file.
#pragma once

#define SAMPAN_RECORD_SCHEMA 2
#define SAMPAN_TEXT_OF(value) #value
#define SAMPAN_JSON_SCHEMA(value) "\"schema\":" SAMPAN_TEXT_OF(value)

namespace sampan {

/** The first member of each record. */
inline constexpr char kSchemaMember[] = SAMPAN_JSON_SCHEMA(SAMPAN_RECORD_SCHEMA);

}  // namespace sampan
