#pragma once

#include <cstdint>

#include "kinspace/kernels/vec16.h"

namespace kin::kernels {
namespace {

/// Vec16 as an array: the reference that the other instruction sets must equal.
struct ScalarVec {
  static constexpr Isa kIsa = Isa::kScalar;
  static constexpr std::int64_t kTileRows = 4;
  static constexpr std::int64_t kTileVectors = 1;

  struct Mask {
    bool lane[16];
  };
  struct Int {
    std::uint32_t lane[16];

    static Int set(std::uint32_t x) {
      Int out;
      for (std::uint32_t& l : out.lane) l = x;
      return out;
    }
  };

  float lane[16];

  static ScalarVec set(float x) {
    ScalarVec out;
    for (float& l : out.lane) l = x;
    return out;
  }
  static ScalarVec load(const float* p) { return load_first(p, 16, 0.0F); }
  static ScalarVec load_first(const float* p, std::int64_t count, float fill) {
    ScalarVec out;
    for (int l = 0; l < 16; ++l) out.lane[l] = l < count ? p[l] : fill;
    return out;
  }
  static ScalarVec from_bits(Int x) {
    ScalarVec out;
    for (int l = 0; l < 16; ++l) out.lane[l] = __builtin_bit_cast(float, x.lane[l]);
    return out;
  }
  void store(float* p) const { store_first(p, 16); }
  void store_first(float* p, std::int64_t count) const {
    for (std::int64_t l = 0; l < count; ++l) p[l] = lane[l];
  }
};

/// out[l] = f(l) in every lane.
template <class Out, class F>
inline Out lanes_of(F f) {
  Out out;
  for (int l = 0; l < 16; ++l) out.lane[l] = f(l);
  return out;
}

using SV = ScalarVec;
inline SV add(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return a.lane[l] + b.lane[l]; });
}
inline SV sub(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return a.lane[l] - b.lane[l]; });
}
inline SV mul(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return a.lane[l] * b.lane[l]; });
}
inline SV div(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return a.lane[l] / b.lane[l]; });
}
inline SV sqrt(SV a) {
  return lanes_of<SV>([&](int l) { return __builtin_sqrtf(a.lane[l]); });
}
inline SV abs(SV a) {
  return lanes_of<SV>([&](int l) { return __builtin_fabsf(a.lane[l]); });
}
inline SV fma(SV a, SV b, SV c) {
  return lanes_of<SV>([&](int l) { return __builtin_fmaf(a.lane[l], b.lane[l], c.lane[l]); });
}
inline SV fnma(SV a, SV b, SV c) {
  return lanes_of<SV>([&](int l) { return __builtin_fmaf(-a.lane[l], b.lane[l], c.lane[l]); });
}
inline SV min(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l]; });
}
inline SV max(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l]; });
}
inline SV::Mask less(SV a, SV b) {
  return lanes_of<SV::Mask>([&](int l) { return a.lane[l] < b.lane[l]; });
}
inline SV::Mask equal(SV a, SV b) {
  return lanes_of<SV::Mask>([&](int l) { return a.lane[l] == b.lane[l]; });
}
inline SV::Mask greater_equal(SV a, SV b) {
  return lanes_of<SV::Mask>([&](int l) { return a.lane[l] >= b.lane[l]; });
}
inline SV::Mask either(SV::Mask a, SV::Mask b) {
  return lanes_of<SV::Mask>([&](int l) { return a.lane[l] || b.lane[l]; });
}
inline std::uint32_t set_of(SV::Mask m) {
  std::uint32_t set = 0;
  for (int l = 0; l < 16; ++l) set |= static_cast<std::uint32_t>(m.lane[l]) << l;
  return set;
}
inline SV::Mask both(SV::Mask a, SV::Mask b) {
  return lanes_of<SV::Mask>([&](int l) { return a.lane[l] && b.lane[l]; });
}
inline bool all(SV::Mask m) {
  bool out = true;
  for (const bool l : m.lane) out = out && l;
  return out;
}
inline SV select(SV::Mask m, SV a, SV b) {
  return lanes_of<SV>([&](int l) { return m.lane[l] ? a.lane[l] : b.lane[l]; });
}
inline SV copy_sign(SV a, SV b) {
  return lanes_of<SV>([&](int l) { return __builtin_copysignf(a.lane[l], b.lane[l]); });
}
inline float reduce_add(SV a) {
  for (int width = 8; width > 0; width /= 2) {
    for (int l = 0; l < width; ++l) a.lane[l] += a.lane[l + width];
  }
  return a.lane[0];
}
inline float reduce_max(SV a) {
  for (int width = 8; width > 0; width /= 2) {
    for (int l = 0; l < width; ++l) a.lane[l] = a.lane[l] > a.lane[l + width] ? a.lane[l] : a.lane[l + width];
  }
  return a.lane[0];
}

inline void transpose(SV (&v)[16], std::int64_t /*used*/) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < i; ++j) {
      const float swapped = v[i].lane[j];
      v[i].lane[j] = v[j].lane[i];
      v[j].lane[i] = swapped;
    }
  }
}

inline SV::Int bits(SV a) {
  return lanes_of<SV::Int>([&](int l) { return __builtin_bit_cast(std::uint32_t, a.lane[l]); });
}
inline SV::Int add(SV::Int a, SV::Int b) {
  return lanes_of<SV::Int>([&](int l) { return a.lane[l] + b.lane[l]; });
}
inline SV::Int sub(SV::Int a, SV::Int b) {
  return lanes_of<SV::Int>([&](int l) { return a.lane[l] - b.lane[l]; });
}
inline SV to_float(SV::Int a) {
  return lanes_of<SV>([&](int l) { return static_cast<float>(static_cast<std::int32_t>(a.lane[l])); });
}
inline SV::Int shift_left_23(SV::Int a) {
  return lanes_of<SV::Int>([&](int l) { return a.lane[l] << 23; });
}
inline SV::Int shift_right_1(SV::Int a) {
  return lanes_of<SV::Int>(
      [&](int l) { return static_cast<std::uint32_t>(static_cast<std::int32_t>(a.lane[l]) >> 1); });
}
inline SV::Int shift_right_23(SV::Int a) {
  return lanes_of<SV::Int>(
      [&](int l) { return static_cast<std::uint32_t>(static_cast<std::int32_t>(a.lane[l]) >> 23); });
}
inline SV::Int both(SV::Int a, SV::Int b) {
  return lanes_of<SV::Int>([&](int l) { return a.lane[l] & b.lane[l]; });
}
inline SV::Int shift_right_16(SV::Int a) {
  return lanes_of<SV::Int>(
      [&](int l) { return static_cast<std::uint32_t>(static_cast<std::int32_t>(a.lane[l]) >> 16); });
}
inline SV swap_pairs(SV a) {
  return lanes_of<SV>([&](int l) { return a.lane[l ^ 1]; });
}

}  // namespace
}  // namespace kin::kernels
