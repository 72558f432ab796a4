#pragma once

#include <cstdint>

#include "kinspace/kernels/kernels.h"
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
void momentum(float rate, float momentum, bool nesterov, const float* g, float* w, float* m, std::int64_t n) noexcept {
  const V lr = V::set(rate);
  const V keep = V::set(momentum);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V velocity = fma(keep, load<V>(m + i, lanes), gradient);
    const V direction = nesterov ? fma(keep, velocity, gradient) : velocity;
    store(velocity, m + i, lanes);
    store(fnma(lr, direction, load<V>(w + i, lanes)), w + i, lanes);
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

template <Vec16 V>
void adam(const AdamStep& step, const float* g, float* w, float* m, float* v, std::int64_t n) noexcept {
  const V lr = V::set(step.rate);
  const V take1 = V::set(1.0F - step.beta1);
  const V take2 = V::set(1.0F - step.beta2);
  const V eps = V::set(step.epsilon);
  for_lanes(n, [&](std::int64_t i, auto lanes) {
    const V gradient = load<V>(g + i, lanes);
    const V m_old = load<V>(m + i, lanes);
    const V v_old = load<V>(v + i, lanes);
    const V m_new = fma(take1, sub(gradient, m_old), m_old);
    const V v_new = fma(take2, sub(mul(gradient, gradient), v_old), v_old);
    const V change = div(mul(lr, m_new), add(sqrt(v_new), eps));
    store(m_new, m + i, lanes);
    store(v_new, v + i, lanes);
    store(sub(load<V>(w + i, lanes), change), w + i, lanes);
  });
}

}  // namespace
}  // namespace kin::kernels
