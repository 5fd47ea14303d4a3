// SPDX-License-Identifier: Apache-2.0
// Where the fields of a tar header block are: POSIX.1-1988 (ustar), and what star does differently.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sampan {

inline constexpr size_t kTarBlock = 512;

// Zeros between data of this size and the next block.
constexpr uint64_t tar_padding(uint64_t size) { return (kTarBlock - size % kTarBlock) % kTarBlock; }

struct TarField {
  size_t offset;
  size_t size;
};

inline constexpr TarField kTarName{0, 100};
inline constexpr TarField kTarMode{100, 8};
inline constexpr TarField kTarUid{108, 8};
inline constexpr TarField kTarGid{116, 8};
inline constexpr TarField kTarSize{124, 12};
inline constexpr TarField kTarMtime{136, 12};
inline constexpr TarField kTarChecksum{148, 8};
inline constexpr size_t kTarType = 156;
inline constexpr TarField kTarLink{157, 100};
inline constexpr TarField kTarMagic{257, 8};  // with the version
inline constexpr TarField kTarMajor{329, 8};
inline constexpr TarField kTarMinor{337, 8};
inline constexpr TarField kTarPrefix{345, 155};
// star keeps times behind a shorter prefix and marks such headers with this trailer.
inline constexpr TarField kTarStarPrefix{345, 131};
inline constexpr TarField kTarStarTrailer{508, 4};

}  // namespace sampan
