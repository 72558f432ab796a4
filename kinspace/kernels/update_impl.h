#pragma once

#include <cstdint>

#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/math_impl.h"
#include "kinspace/kernels/vec16.h"

/// The optimizers' updates of kernels.h, written once over a Vec16.
namespace kin::kernels {
namespace {

template <Vec16 V>
void sgd(float rate, const float* g, float* w, std::int64_t n) noexcept {
  const V lr = V::set(rate);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    store(fnma(lr, load<V>(g + i, lanes), load<V>(w + i, lanes)), w + i, lanes);
  });
}

template <Vec16 V>
void momentum(const MomentumStep& step, const float* g, float* w, float* m, std::int64_t n) noexcept {
  const V keep = V::set(step.keep);
  const V take = V::set(step.take);
  const V rate = V::set(step.rate);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = mul(take, load<V>(g + i, lanes));
    const V velocity = fma(keep, load<V>(m + i, lanes), gradient);
    const V direction = step.nesterov ? fma(keep, velocity, gradient) : velocity;
    store(velocity, m + i, lanes);
    store(fma(rate, direction, load<V>(w + i, lanes)), w + i, lanes);
  });
}

template <Vec16 V>
void adagrad(float rate, float epsilon, const float* g, float* w, float* accumulator, std::int64_t n) noexcept {
  const V lr = V::set(rate);
  const V eps = V::set(epsilon);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V squares = fma(gradient, gradient, load<V>(accumulator + i, lanes));
    const V step = div(mul(lr, gradient), add(sqrt(squares), eps));
    store(squares, accumulator + i, lanes);
    store(sub(load<V>(w + i, lanes), step), w + i, lanes);
  });
}

/// A step of FOBOS with the learning rate of Adagrad.
template <Vec16 V>
void proximal_adagrad(const ProximalAdagradStep& step, const float* g, float* w, float* accumulator,
                      std::int64_t n) noexcept {
  const V zero = V::set(0.0F);
  const V one = V::set(1.0F);
  const V lr = V::set(step.rate);
  const V l1 = V::set(step.l1);
  const V l2 = V::set(step.l2);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V squares = fma(gradient, gradient, load<V>(accumulator + i, lanes, 1.0F));
    const V rate = div(lr, sqrt(squares));
    const V moved = fnma(rate, gradient, load<V>(w + i, lanes));
    const V size = max(zero, fnma(rate, l1, abs(moved)));
    store(squares, accumulator + i, lanes);
    store(div(copy_sign(size, moved), fma(l2, rate, one)), w + i, lanes);
  });
}

/// The means of Adam and its kin: m += (1 - beta) (x - m).
template <Vec16 V>
inline V mean_of(V take, V x, V mean) {
  return fma(take, sub(x, mean), mean);
}

template <Vec16 V, bool kMost>
void adam_step(const AdamStep& step, const float* g, float* w, float* m, float* v, float* most,
               std::int64_t n) noexcept {
  const V lr = V::set(step.rate);
  const V take1 = V::set(1.0F - step.beta1);
  const V take2 = V::set(1.0F - step.beta2);
  const V eps = V::set(step.epsilon);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V m_new = mean_of(take1, gradient, load<V>(m + i, lanes));
    const V v_new = mean_of(take2, mul(gradient, gradient), load<V>(v + i, lanes));
    V below = v_new;
    if constexpr (kMost) {
      below = max(load<V>(most + i, lanes), v_new);
      store(below, most + i, lanes);
    }
    const V change = div(mul(lr, m_new), add(sqrt(below), eps));
    store(m_new, m + i, lanes);
    store(v_new, v + i, lanes);
    store(sub(load<V>(w + i, lanes), change), w + i, lanes);
  });
}

template <Vec16 V>
void adam(const AdamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept {
  adam_step<V, false>(step, g, w, m, v, nullptr, n);
}

template <Vec16 V>
void amsgrad(const AdamStep& step, const float* g, float* w, float* m, float* v, float* most, std::int64_t n) noexcept {
  adam_step<V, true>(step, g, w, m, v, most, n);
}

template <Vec16 V>
void adamax(const AdamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept {
  const V lr = V::set(step.rate);
  const V take1 = V::set(1.0F - step.beta1);
  const V keep2 = V::set(step.beta2);
  const V eps = V::set(step.epsilon);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V m_new = mean_of(take1, gradient, load<V>(m + i, lanes));
    const V v_new = max(mul(keep2, load<V>(v + i, lanes)), abs(gradient));
    const V change = div(mul(lr, m_new), add(v_new, eps));
    store(m_new, m + i, lanes);
    store(v_new, v + i, lanes);
    store(sub(load<V>(w + i, lanes), change), w + i, lanes);
  });
}

template <Vec16 V>
void nadam(const NadamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept {
  const V lr = V::set(step.rate);
  const V take1 = V::set(1.0F - step.beta1);
  const V take2 = V::set(1.0F - step.beta2);
  const V eps = V::set(step.epsilon);
  const V of_gradient = V::set(step.gradient);
  const V of_mean = V::set(step.mean);
  const V of_square = V::set(step.square);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V m_new = mean_of(take1, gradient, load<V>(m + i, lanes));
    const V v_new = mean_of(take2, mul(gradient, gradient), load<V>(v + i, lanes));
    const V ahead = fma(of_gradient, gradient, mul(of_mean, m_new));
    const V change = div(mul(lr, ahead), add(sqrt(mul(of_square, v_new)), eps));
    store(m_new, m + i, lanes);
    store(v_new, v + i, lanes);
    store(sub(load<V>(w + i, lanes), change), w + i, lanes);
  });
}

/// x^q for x >= 0 and q > 0, correct to a rounding of the float: FTRL takes differences of such powers. Made of single
/// operations on doubles, so that every instruction set gives the same bits.
inline float raised(float x, double q) noexcept {
  if (!(x > 0.0F && x < kInfinity)) return x;
  constexpr double kLn2 = 0.693147180559945309;
  const auto word = __builtin_bit_cast(std::uint64_t, static_cast<double>(x));
  auto exponent = static_cast<std::int64_t>(word >> 52) - 1023;
  double mantissa = __builtin_bit_cast(double, (word & 0xFFFFFFFFFFFFFU) | 0x3FF0000000000000U);
  if (mantissa > 1.41421356237309505) {
    mantissa *= 0.5;
    ++exponent;
  }
  // log(m) = 2 artanh(s), |s| < 0.172
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double sum = 0;
  for (int k = 19; k > 0; k -= 2) sum = sum * square + 1.0 / k;
  double y = q * (static_cast<double>(exponent) * kLn2 + 2.0 * s * sum);
  y = y < -700.0 ? -700.0 : y > 700.0 ? 700.0 : y;
  const auto n = static_cast<std::int64_t>(y / kLn2 + (y < 0 ? -0.5 : 0.5));
  const double r = y - static_cast<double>(n) * kLn2;
  double power = 1.0;
  for (int k = 13; k > 0; --k) power = power * r / k + 1.0;
  return static_cast<float>(power * __builtin_bit_cast(double, static_cast<std::uint64_t>(n + 1023) << 52));
}

/// x^q, x >= 0, in every lane.
template <Vec16 V>
inline V power_of(V x, float q) {
  if (q == 0.5F) return sqrt(x);
  if (q == 1.0F) return x;
  if (q == 0.0F) return V::set(1.0F);
  float lanes[16];
  x.store(lanes);
  for (float& lane : lanes) lane = raised(lane, static_cast<double>(q));
  return V::load(lanes);
}

/// Unfused, in TensorFlow's order: the difference of two roots divided by a small rate magnifies every rounding.
template <Vec16 V>
void ftrl(const FtrlStep& step, const float* g, float* w, float* accumulator, float* linear, std::int64_t n) noexcept {
  const V lr = V::set(step.rate);
  const V l1 = V::set(step.l1);
  const V negative_l1 = V::set(-step.l1);
  const V l2 = V::set(step.l2);
  const V shrinkage = V::set(step.shrinkage);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V weight = load<V>(w + i, lanes);
    const V old = load<V>(accumulator + i, lanes, 1.0F);
    const V squares = add(old, mul(gradient, gradient));
    const V root = power_of(squares, step.power);
    const V sigma = div(sub(root, power_of(old, step.power)), lr);
    const V shrunk = add(gradient, mul(shrinkage, weight));
    const V z = add(load<V>(linear + i, lanes), sub(shrunk, mul(sigma, weight)));
    // The order of operands lets NaN through. Within l1 of zero the numerator is exactly 0.
    const V clipped = max(negative_l1, min(l1, z));
    store(squares, accumulator + i, lanes);
    store(z, linear + i, lanes);
    store(div(sub(clipped, z), add(div(root, lr), l2)), w + i, lanes);
  });
}

template <Vec16 V>
void rmsprop(const RmsPropStep& step, const float* g, float* w, float* squares, float* velocity, float* mean,
             std::int64_t n) noexcept {
  const V zero = V::set(0.0F);
  const V lr = V::set(step.rate);
  const V take = V::set(1.0F - step.rho);
  const V keep = V::set(step.momentum);
  const V eps = V::set(step.epsilon);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V square = mean_of(take, mul(gradient, gradient), load<V>(squares + i, lanes));
    store(square, squares + i, lanes);
    V below = square;
    if (mean != nullptr) {
      const V center = mean_of(take, gradient, load<V>(mean + i, lanes));
      store(center, mean + i, lanes);
      // A variance, which rounding may have put below 0.
      below = max(zero, fnma(center, center, square));
    }
    const V root = step.epsilon_inside ? sqrt(add(below, eps)) : add(sqrt(below), eps);
    V change = div(mul(lr, gradient), root);
    if (velocity != nullptr) {
      change = fma(keep, load<V>(velocity + i, lanes), change);
      store(change, velocity + i, lanes);
    }
    store(sub(load<V>(w + i, lanes), change), w + i, lanes);
  });
}

template <Vec16 V>
void adadelta(const AdadeltaStep& step, const float* g, float* w, float* gradients, float* updates,
              std::int64_t n) noexcept {
  const V lr = V::set(step.rate);
  const V take = V::set(1.0F - step.rho);
  const V eps = V::set(step.epsilon);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V square = mean_of(take, mul(gradient, gradient), load<V>(gradients + i, lanes));
    const V past = load<V>(updates + i, lanes);
    const V update = mul(div(sqrt(add(past, eps)), sqrt(add(square, eps))), gradient);
    store(square, gradients + i, lanes);
    store(mean_of(take, mul(update, update), past), updates + i, lanes);
    store(fnma(lr, update, load<V>(w + i, lanes)), w + i, lanes);
  });
}

}  // namespace
}  // namespace kin::kernels
