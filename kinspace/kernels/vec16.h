#pragma once

#include <cstdint>

/// The idea "a vector of 16 floats" (concept Vec16) and the loop over an array in steps of 16.
///
/// Everything in the headers that the instruction set files include lives in an anonymous namespace: each file is
/// compiled with its own flags, and a function with one name in two of them would be merged by the linker.
namespace kin::kernels {
namespace {

/// What the kernels are written over; vec16_scalar.h is the reference. Min and max are those of x86:
/// min(a, b) = a < b ? a : b, so the second operand comes out when one is NaN or both are zero. Integer operations
/// work on the 32 bits of each lane and wrap.
template <class V>
concept Vec16 = requires(V v, typename V::Mask m, typename V::Int i, const float* p, float* q, std::int64_t count,
                         V (&square)[16]) {
  V::set(1.0F);
  V::load(p);
  V::load_first(p, count, 0.0F);  // lanes from `count` on get the last argument; their memory is not touched
  v.store(q);
  v.store_first(q, count);
  add(v, v), sub(v, v), mul(v, v), div(v, v), sqrt(v), abs(v);
  fma(v, v, v);   // a * b + c, rounded once
  fnma(v, v, v);  // c - a * b, rounded once
  min(v, v), max(v, v);
  less(v, v), equal(v, v), greater_equal(v, v);  // false where one is NaN
  both(m, m), either(m, m), all(m), set_of(m);   // the set: lane l as bit l
  select(m, v, v);                               // m ? a : b
  copy_sign(v, v);                               // magnitude of a, sign of b
  reduce_add(v), reduce_max(v);                  // lane l op lane l + 8, then + 4, + 2, + 1
  transpose(square, count);  // lane j of square[i] <-> lane i of square[j]; square[count] and on hold zeros
  bits(v), V::from_bits(i), V::Int::set(1U);
  add(i, i), sub(i, i), to_float(i);
  both(i, i);
  shift_left_23(i), shift_right_1(i), shift_right_16(i), shift_right_23(i);  // right shifts keep the sign
  swap_pairs(v);                                                             // lane 2 l <-> lane 2 l + 1
};

/// All 16 lanes, or the first `count`.
struct Full {};
struct Tail {
  std::int64_t count;
};

template <Vec16 V>
inline V load(const float* p, Full, float = 0.0F) {
  return V::load(p);
}
template <Vec16 V>
inline V load(const float* p, Tail lanes, float fill = 0.0F) {
  return V::load_first(p, lanes.count, fill);
}
template <Vec16 V>
inline void store(V v, float* p, Full) {
  v.store(p);
}
template <Vec16 V>
inline void store(V v, float* p, Tail lanes) {
  v.store_first(p, lanes.count);
}

/// Calls body(i, lanes) for i = 0, 16, ... so that element i is always in lane i mod 16.
template <class Body>
inline void for_lanes(std::int64_t n, Body body) {
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) body(i, Full{});
  if (i < n) body(i, Tail{n - i});
}

}  // namespace
}  // namespace kin::kernels
