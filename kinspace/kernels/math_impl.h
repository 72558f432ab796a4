#pragma once

#include "kinspace/kernels/vec16.h"

/// Functions of one Vec16, made of correctly rounded operations only, so that every instruction set gives the same
/// bits. Polynomials are those of Cephes (Moshier, netlib.org/cephes: expf, logf, tanhf), evaluated with fma.
namespace kin::kernels {
namespace {

inline constexpr float kInfinity = __builtin_inff();

/// x as n ln(2) + r with |r| <= ln(2)/2.
template <Vec16 V>
struct ExpParts {
  V mantissa;                // exp(r)
  typename V::Int exponent;  // n
};

template <Vec16 V>
inline ExpParts<V> exp_parts(V x) {
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
  const V magic = V::set(0x1.8p23F);
  const V shifted = fma(x, V::set(1.44269504088896341F), magic);
  const V n = sub(shifted, magic);
  V r = fnma(n, V::set(0.693359375F), x);
  r = fnma(n, V::set(-2.12194440e-4F), r);
  V p = V::set(1.9875691500e-4F);
  p = fma(p, r, V::set(1.3981999507e-3F));
  p = fma(p, r, V::set(8.3334519073e-3F));
  p = fma(p, r, V::set(4.1665795894e-2F));
  p = fma(p, r, V::set(1.6666665459e-1F));
  p = fma(p, r, V::set(5.0000001201e-1F));
  return {add(fma(p, mul(r, r), r), V::set(1.0F)), sub(bits(shifted), bits(magic))};
}

template <Vec16 V>
inline V exp_of(V x) {
  // Outside the result is 0 or infinity already; the order of operands lets NaN through.
  const auto [mantissa, exponent] = exp_parts(min(V::set(89.0F), max(V::set(-104.0F), x)));
  // 2^n in two factors, since 2^128 and 2^-150 are no normal floats; only the second product can round.
  const auto half = shift_right_1(exponent);
  const auto bias = V::Int::set(127);
  const V first = V::from_bits(shift_left_23(add(half, bias)));
  const V second = V::from_bits(shift_left_23(add(sub(exponent, half), bias)));
  return mul(mul(mantissa, first), second);
}

/// exp(x) for x <= 0, and 0 in place of results that are no normal floats.
template <Vec16 V>
inline V exp_below_0(V x) {
  const V least = V::set(-87.0F);
  const auto [mantissa, exponent] = exp_parts(max(least, x));
  const V power = V::from_bits(shift_left_23(add(exponent, V::Int::set(127))));
  return select(less(x, least), V::set(0.0F), mul(mantissa, power));
}

/// log(x) = e ln(2) + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
template <Vec16 V>
inline V log_of(V x) {
  const V zero = V::set(0.0F);
  const auto tiny = less(x, V::set(0x1p-126F));
  const V scaled = select(tiny, mul(x, V::set(0x1p25F)), x);
  const auto exponent = shift_right_23(sub(bits(scaled), bits(V::set(0.707106781186547524F))));
  const V e = sub(to_float(exponent), select(tiny, V::set(25.0F), zero));
  const V f = sub(V::from_bits(sub(bits(scaled), shift_left_23(exponent))), V::set(1.0F));
  V p = V::set(7.0376836292e-2F);
  p = fma(p, f, V::set(-1.1514610310e-1F));
  p = fma(p, f, V::set(1.1676998740e-1F));
  p = fma(p, f, V::set(-1.2420140846e-1F));
  p = fma(p, f, V::set(1.4249322787e-1F));
  p = fma(p, f, V::set(-1.6668057665e-1F));
  p = fma(p, f, V::set(2.0000714765e-1F));
  p = fma(p, f, V::set(-2.4999993993e-1F));
  p = fma(p, f, V::set(3.3333331174e-1F));
  const V square = mul(f, f);
  V y = mul(mul(p, f), square);
  y = fma(e, V::set(-2.12194440e-4F), y);
  y = fnma(V::set(0.5F), square, y);
  const V result = fma(e, V::set(0.693359375F), add(f, y));
  // Zero, negative, infinite and NaN.
  const V special = select(equal(x, zero), V::set(-kInfinity), select(less(x, zero), V::set(__builtin_nanf("")), x));
  return select(both(less(zero, x), less(x, V::set(kInfinity))), result, special);
}

/// x + x^3 P(x^2) below 0.625, else 1 - 2 / (exp(2 |x|) + 1) with the sign of x.
template <Vec16 V>
inline V tanh_of(V x) {
  const V a = abs(x);
  const V square = mul(x, x);
  V p = V::set(-5.70498872745e-3F);
  p = fma(p, square, V::set(2.06390887954e-2F));
  p = fma(p, square, V::set(-5.37397155531e-2F));
  p = fma(p, square, V::set(1.33314422036e-1F));
  p = fma(p, square, V::set(-3.33332819422e-1F));
  const V small = fma(mul(p, square), x, x);
  const V one = V::set(1.0F);
  const V large = sub(one, div(V::set(2.0F), add(exp_of(add(a, a)), one)));
  return select(less(a, V::set(0.625F)), small, copy_sign(large, x));
}

/// 1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow.
template <Vec16 V>
inline V sigmoid_of(V x) {
  const V zero = V::set(0.0F);
  const V one = V::set(1.0F);
  const V z = exp_of(sub(zero, abs(x)));
  return div(select(less(x, zero), z, one), add(one, z));
}

// gelu(x) = x / 2 (1 + tanh(u)) = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3). Beyond 13 the sigmoid is 0 or 1
// in float, and infinities would make 0 * inf.
inline constexpr float kGeluScale = 1.59576912160573071F;  // 2 sqrt(2 / pi)
inline constexpr float kGeluCubic = 0.044715F;
inline constexpr float kGeluLimit = 13.0F;

template <Vec16 V>
inline V gelu_gate(V x) {
  const V inner = fma(mul(x, x), V::set(kGeluCubic), V::set(1.0F));
  return sigmoid_of(mul(mul(V::set(kGeluScale), x), inner));
}

template <Vec16 V>
inline V gelu_of(V x) {
  const V above = max(V::set(-kGeluLimit), x);
  return mul(above, gelu_gate(above));
}

/// s + x s (1 - s) 2 u'(x) with s = sigmoid(2 u).
template <Vec16 V>
inline V gelu_slope(V x) {
  x = min(V::set(kGeluLimit), max(V::set(-kGeluLimit), x));
  const V s = gelu_gate(x);
  const V inner = fma(mul(x, x), V::set(3.0F * kGeluCubic), V::set(1.0F));
  const V change = mul(mul(V::set(kGeluScale), x), inner);
  return fma(mul(s, sub(V::set(1.0F), s)), change, s);
}

/// exp(x) - 1 for x <= 0 (unspecified above) as 2 t / (1 - t) with t = tanh(x / 2), where nothing cancels.
template <Vec16 V>
inline V expm1_below_0(V x) {
  const V t = tanh_of(mul(V::set(0.5F), x));
  return div(add(t, t), sub(V::set(1.0F), t));
}

inline constexpr float kSeluScale = 1.05070098735548049F;
inline constexpr float kSeluAlpha = 1.75809934084737686F;  // scale * 1.67326324235437728
inline constexpr float kLeak = 0.2F;

template <Vec16 V>
inline V elu_of(V x, V above, V below) {
  const V zero = V::set(0.0F);
  return select(less(zero, x), mul(above, x), mul(below, expm1_below_0(min(zero, x))));
}

/// log(1 + x) for finite x from -1 on as log(u) x / (u - 1), where u is 1 + x as rounded.
template <Vec16 V>
inline V log1p_of(V x) {
  const V one = V::set(1.0F);
  const V u = add(one, x);
  return select(equal(u, one), x, mul(log_of(u), div(x, sub(u, one))));
}

/// max(x, 0) + log(1 + exp(-|x|)).
template <Vec16 V>
inline V softplus_of(V x) {
  const V zero = V::set(0.0F);
  return add(max(zero, x), log1p_of(exp_of(sub(zero, abs(x)))));
}

// Beyond 104 the sigmoid is 0 or 1 in float, and infinities would make 0 * inf.
inline constexpr float kSwishLimit = 104.0F;

template <Vec16 V>
inline V swish_of(V x) {
  const V above = max(V::set(-kSwishLimit), x);
  return mul(above, sigmoid_of(above));
}

/// s + x s (1 - s) with s = sigmoid(x).
template <Vec16 V>
inline V swish_slope(V x) {
  x = min(V::set(kSwishLimit), max(V::set(-kSwishLimit), x));
  const V s = sigmoid_of(x);
  return fma(mul(s, sub(V::set(1.0F), s)), x, s);
}

}  // namespace
}  // namespace kin::kernels
