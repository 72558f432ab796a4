#pragma once

#include <cstdint>

#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/math_impl.h"
#include "kinspace/kernels/vec16.h"

/// The loops of kernels.h over vectors and elements, written once over a Vec16.
namespace kin::kernels {
namespace {

template <Vec16 V>
float dot(const float* a, const float* b, std::int64_t n) noexcept {
  V total = V::set(0.0F);
  for_lanes(n, [&](std::int64_t i, auto lanes) { total = fma(load<V>(a + i, lanes), load<V>(b + i, lanes), total); });
  return reduce_add(total);
}

template <Vec16 V>
float sum(const float* a, std::int64_t n) noexcept {
  V total = V::set(0.0F);
  for_lanes(n, [&](std::int64_t i, auto lanes) { total = add(total, load<V>(a + i, lanes)); });
  return reduce_add(total);
}

template <Vec16 V>
float max(const float* a, std::int64_t n) noexcept {
  V greatest = V::set(-kInfinity);
  for_lanes(n, [&](std::int64_t i, auto lanes) { greatest = max(load<V>(a + i, lanes, -kInfinity), greatest); });
  return reduce_max(greatest);
}

template <Vec16 V>
float squared_distance(const float* a, const float* b, std::int64_t n) noexcept {
  V total = V::set(0.0F);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V difference = sub(load<V>(a + i, lanes), load<V>(b + i, lanes));
    total = fma(difference, difference, total);
  });
  return reduce_add(total);
}

template <Vec16 V>
void axpy(float s, const float* x, float* y, std::int64_t n) noexcept {
  const V factor = V::set(s);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    store(fma(factor, load<V>(x + i, lanes), load<V>(y + i, lanes)), y + i, lanes);
  });
}

template <Vec16 V>
void scale(float s, const float* x, float* y, std::int64_t n) noexcept {
  const V factor = V::set(s);
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(mul(factor, load<V>(x + i, lanes)), y + i, lanes); });
}

template <Vec16 V>
void add(const float* x, float* y, std::int64_t n) noexcept {
  for_lanes(
      n, [&](std::int64_t i, auto lanes) { store(add(load<V>(y + i, lanes), load<V>(x + i, lanes)), y + i, lanes); });
}

template <Vec16 V>
void multiply(const float* x, float* y, std::int64_t n) noexcept {
  for_lanes(
      n, [&](std::int64_t i, auto lanes) { store(mul(load<V>(y + i, lanes), load<V>(x + i, lanes)), y + i, lanes); });
}

template <Vec16 V>
bool all_finite(const float* a, std::int64_t n) noexcept {
  bool finite = true;
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    finite = finite && all(less(abs(load<V>(a + i, lanes)), V::set(kInfinity)));
  });
  return finite;
}

template <Vec16 V>
std::int64_t at_least(float least, const float* a, std::int64_t n, std::uint32_t* places) noexcept {
  const V bound = V::set(least);
  std::int64_t found = 0;
  const auto put = [&](std::int64_t i, std::uint32_t set) {
    for (; set != 0; set &= set - 1) places[found++] = static_cast<std::uint32_t>(i + __builtin_ctz(set));
  };
  std::int64_t i = 0;
  // Few are large enough, so one branch has to do for many.
  for (; i + 64 <= n; i += 64) {
    typename V::Mask large[4];
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < 4; ++j) large[j] = greater_equal(V::load(a + i + 16 * j), bound);
    if (set_of(either(either(large[0], large[1]), either(large[2], large[3]))) == 0) continue;
    for (std::int64_t j = 0; j < 4; ++j) put(i + 16 * j, set_of(large[j]));
  }
  for (; i < n; i += 16) {
    const V values = n - i >= 16 ? V::load(a + i) : V::load_first(a + i, n - i, __builtin_nanf(""));
    put(i, set_of(greater_equal(values, bound)));
  }
  return found;
}

/// out[i] = f(in[i]).
template <Vec16 V, class F>
inline void map(const float* in, float* out, std::int64_t n, F f) {
  for_lanes(n, [&](std::int64_t i, auto lanes) { store(f(load<V>(in + i, lanes)), out + i, lanes); });
}

template <Vec16 V>
void exp(const float* in, float* out, std::int64_t n) noexcept {
  map<V>(in, out, n, [](V x) { return exp_of(x); });
}

template <Vec16 V>
void log(const float* in, float* out, std::int64_t n) noexcept {
  map<V>(in, out, n, [](V x) { return log_of(x); });
}

template <Vec16 V>
void log1p(const float* in, float* out, std::int64_t n) noexcept {
  map<V>(in, out, n, [](V x) { return log1p_of(x); });
}

template <Vec16 V>
void log_expected_count(float draws, const float* in, float* out, std::int64_t n) noexcept {
  const V zero = V::set(0.0F);
  const V times = V::set(draws);
  map<V>(in, out, n, [&](V p) {
    const V none = mul(times, log1p_of(sub(zero, p)));  // log of the probability that no draw finds it
    return select(less(zero, p), log_of(sub(zero, expm1_below_0(none))), zero);
  });
}

template <Vec16 V>
void activate(Activation f, const float* in, float* out, std::int64_t n) noexcept {
  switch (f) {
    case Activation::kLinear:
      return map<V>(in, out, n, [](V x) { return x; });
    case Activation::kRelu:  // in this order NaN stays NaN
      return map<V>(in, out, n, [](V x) { return max(V::set(0.0F), x); });
    case Activation::kTanh:
      return map<V>(in, out, n, [](V x) { return tanh_of(x); });
    case Activation::kSigmoid:
      return map<V>(in, out, n, [](V x) { return sigmoid_of(x); });
    case Activation::kGelu:
      return map<V>(in, out, n, [](V x) { return gelu_of(x); });
    case Activation::kElu:
      return map<V>(in, out, n, [](V x) { return elu_of(x, V::set(1.0F), V::set(1.0F)); });
    case Activation::kSelu:
      return map<V>(in, out, n, [](V x) { return elu_of(x, V::set(kSeluScale), V::set(kSeluAlpha)); });
    case Activation::kSoftplus:
      return map<V>(in, out, n, [](V x) { return softplus_of(x); });
    case Activation::kSwish:
      return map<V>(in, out, n, [](V x) { return swish_of(x); });
    case Activation::kLeakyRelu:
      return map<V>(in, out, n, [](V x) { return max(mul(V::set(kLeak), x), x); });
  }
}

template <Vec16 V>
void activate_backward(Activation f, const float* in, const float* out, const float* d_out, float* d_in,
                       std::int64_t n) noexcept {
  const auto each = [&](auto slope_times) {
    for_lanes(n, [&](std::int64_t i, auto lanes) {
      const V result = slope_times(load<V>(in + i, lanes), load<V>(out + i, lanes), load<V>(d_out + i, lanes));
      store(result, d_in + i, lanes);
    });
  };
  const V one = V::set(1.0F);
  const V zero = V::set(0.0F);
  switch (f) {
    case Activation::kLinear:
      return each([](V, V, V d) { return d; });
    case Activation::kRelu:
      return each([&](V x, V, V d) { return select(less(zero, x), d, zero); });
    case Activation::kTanh:
      return each([&](V, V y, V d) { return mul(d, fnma(y, y, one)); });
    case Activation::kSigmoid:
      return each([&](V, V y, V d) { return mul(d, mul(y, sub(one, y))); });
    case Activation::kGelu:
      return each([](V x, V, V d) { return mul(d, gelu_slope(x)); });
    case Activation::kElu:
      return each([&](V x, V y, V d) { return select(less(zero, x), d, mul(d, add(y, one))); });
    case Activation::kSelu:
      return each(
          [&](V x, V y, V d) { return mul(d, select(less(zero, x), V::set(kSeluScale), add(y, V::set(kSeluAlpha)))); });
    case Activation::kSoftplus:
      return each([](V x, V, V d) { return mul(d, sigmoid_of(x)); });
    case Activation::kSwish:
      return each([](V x, V, V d) { return mul(d, swish_slope(x)); });
    case Activation::kLeakyRelu:
      return each([&](V x, V, V d) { return select(less(zero, x), d, mul(V::set(kLeak), d)); });
  }
}

template <Vec16 V>
float exp_shift_sum(float shift, float* values, std::int64_t n) noexcept {
  const V by = V::set(shift);
  V total = V::set(0.0F);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    store(exp_below_0(sub(load<V>(values + i, lanes), by)), values + i, lanes);
    total = add(total, load<V>(values + i, lanes));
  });
  return reduce_add(total);
}

}  // namespace
}  // namespace kin::kernels
