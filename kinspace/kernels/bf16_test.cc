#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

#include "kinspace/kernels/kernels_testing.h"

namespace kin::kernels {
namespace {

using testing::Guarded;
using testing::kInf;
using testing::kNaN;
using testing::same_bits;
using testing::uniform_values;

/// A product [rows, cols] of one tile. op(A) [rows, depth] and op(B) [depth, cols] lie along k or across it.
struct Product {
  std::int64_t rows, cols, depth;
  bool a_along_k, b_along_k;
};

std::int64_t slots(const Table& t, std::int64_t depth) {
  return (depth + 1) / 2 * 2 / t.gemm_bf16_terms;
}

/// C (+)= A B by the kernels of a set; A [rows, depth] and B [cols, depth] as lists of lines.
std::vector<float> multiply(const Table& t, const Product& p, const std::vector<float>& a, const std::vector<float>& b,
                            std::vector<float> c, bool accumulate) {
  const auto turned = [&](const std::vector<float>& lines, std::int64_t count) {
    std::vector<float> out(lines.size());
    for (std::int64_t l = 0; l < count; ++l) {
      for (std::int64_t k = 0; k < p.depth; ++k) {
        out[static_cast<std::size_t>(k * count + l)] = lines[static_cast<std::size_t>(l * p.depth + k)];
      }
    }
    return out;
  };
  const auto pack = [&](const std::vector<float>& lines, std::int64_t count, bool along_k, std::int64_t width) {
    const std::vector<float> in = along_k ? lines : turned(lines, count);
    const std::int64_t panels = (count + width - 1) / width;
    Guarded out(std::vector<float>(static_cast<std::size_t>(panels * width * slots(t, p.depth)), 7.0F));
    t.gemm_pack_bf16(in.data(), along_k ? p.depth : 1, along_k ? 1 : count, count, p.depth, width, out.data());
    EXPECT_TRUE(out.intact());
    return std::vector<float>(out.data(), out.data() + out.size());
  };
  const std::int64_t length = slots(t, p.depth);
  const auto left = pack(a, p.rows, p.a_along_k, p.a_along_k ? 1 : t.gemm_tile_rows);
  const auto right = pack(b, p.cols, p.b_along_k, t.gemm_tile_cols);
  const TileLeft from = p.a_along_k ? TileLeft{left.data(), length, 1} : TileLeft{left.data(), 1, t.gemm_tile_rows};
  Guarded out(c);
  t.gemm_tile_bf16(length, from, {right.data(), t.gemm_tile_cols}, {out.data(), p.cols, p.rows, p.cols, accumulate});
  EXPECT_TRUE(out.intact());
  return {out.data(), out.data() + out.size()};
}

/// One product of rows of length `depth`, on every set; all must have the same bits.
float sum_of(const std::vector<float>& a, const std::vector<float>& b, float before = 0.0F) {
  const Product p{1, 1, static_cast<std::int64_t>(a.size()), true, true};
  const float want = multiply(table(Isa::kScalar), p, a, b, {before}, true)[0];
  for (const Isa isa : supported_isas()) {
    EXPECT_TRUE(same_bits(multiply(table(isa), p, a, b, {before}, true)[0], want)) << isa_name(isa);
  }
  return want;
}

TEST(Bf16, RoundsFactorsToTheNearestTiesToEven) {
  EXPECT_EQ(sum_of({1.0F + 0x1p-8F}, {1}), 1.0F);               // half way, to the even one below
  EXPECT_EQ(sum_of({1.0F + 0x1.8p-7F}, {1}), 1.0F + 0x1p-6F);   // half way, to the even one above
  EXPECT_EQ(sum_of({1.0F + 0x1.01p-8F}, {1}), 1.0F + 0x1p-7F);  // beyond half way
  EXPECT_EQ(sum_of({-1.0F - 0x1.01p-8F}, {1}), -1.0F - 0x1p-7F);
  EXPECT_EQ(sum_of({1}, {0x1.ffp127F}), kInf);  // the greatest bf16 is 0x1.fep127
  EXPECT_EQ(sum_of({1}, {0x1.fefffep127F}), 0x1.fep127F);
}

TEST(Bf16, AddsTheSecondOfEachPairFirst) {
  // 2^24 + 1 is no float: the 1 only counts where 2^24 is gone by then.
  EXPECT_EQ(sum_of({-0x1p24F, 1}, {1, 1}, 0x1p24F), 0.0F);
  EXPECT_EQ(sum_of({1, -0x1p24F}, {1, 1}, 0x1p24F), 1.0F);
}

TEST(Bf16, RoundsOncePerTerm) {
  // The product has 16 bits, all of which count.
  EXPECT_EQ(sum_of({0x1.02p0F}, {0x1.02p0F}, -0x1.04p0F), 0x1p-14F);
  // A product beyond the floats comes back into them.
  EXPECT_EQ(sum_of({0x1p100F}, {0x1p28F}, -0x1.8p127F), 0x1p126F);
}

TEST(Bf16, TakesDenormalNumbersForZero) {
  EXPECT_EQ(sum_of({0x1p-127F}, {0x1p100F}), 0.0F);
  EXPECT_EQ(sum_of({0x1.fffffcp-127F}, {0x1p100F}), 0.0F);  // although the nearest bf16 is normal
  EXPECT_EQ(sum_of({1}, {0x1p-126F}, -0x1.8p-126F), 0.0F);  // the result is denormal
  EXPECT_EQ(sum_of({0}, {1}, 0x1p-127F), 0.0F);             // and what was there
  EXPECT_EQ(sum_of({0x1p-100F}, {0x1p-100F}, 0x1p-126F), 0x1p-126F);
  EXPECT_EQ(sum_of({1}, {0x1p-126F}), 0x1p-126F);
}

TEST(Bf16, LetsInfinityAndNaNThrough) {
  EXPECT_EQ(sum_of({kInf}, {2}), kInf);
  EXPECT_TRUE(std::isnan(sum_of({kInf}, {0})));
  EXPECT_TRUE(std::isnan(sum_of({kNaN}, {1})));
  EXPECT_TRUE(std::isnan(sum_of({__builtin_bit_cast(float, 0x7FFFFFFFU)}, {1})));
  EXPECT_TRUE(std::isnan(sum_of({__builtin_bit_cast(float, 0x7F800001U)}, {1})));
}

/// Everything that is not usual, in proportions that let many sums stay finite.
std::vector<float> odd_values(std::int64_t n, std::uint64_t seed) {
  RandomStream stream(seed, Purpose::kInit, 2, 0);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& v : values) {
    const auto kind = stream.below(200);
    const float sign = stream.below(2) == 0 ? 1.0F : -1.0F;
    const auto exponent = static_cast<int>(stream.below(kind < 40 ? 30 : 6));
    v = sign * std::ldexp(1.0F + stream.uniform(), kind < 20 ? exponent - 150 : kind < 40 ? exponent - 75 : -exponent);
    if (kind == 40) v = sign * kInf;
    if (kind == 41) v = kNaN;
    if (kind == 42) v = sign * 0.0F;
    if (kind == 43) v = sign * std::ldexp(1.0F + stream.uniform(), 127);
  }
  return values;
}

TEST(Bf16, HasTheBitsOfTheScalarKernelsOnEverySet) {
  const Table& scalar = table(Isa::kScalar);
  for (const Isa isa : supported_isas()) {
    const Table& t = table(isa);
    for (const std::int64_t depth : {1, 2, 3, 15, 16, 17, 31, 32, 33, 47, 64, 101}) {
      for (std::int64_t i = 0; i < 80; ++i) {
        const Product p{1 + i % scalar.gemm_tile_rows, 1 + i * 5 % scalar.gemm_tile_cols, depth, i % 2 == 0,
                        i / 2 % 2 == 0};
        const auto seed = static_cast<std::uint64_t>(depth * 100 + i);
        const auto a = odd_values(p.rows * depth, seed), b = odd_values(p.cols * depth, seed + 50);
        const auto c = odd_values(p.rows * p.cols, seed + 25);
        const auto want = multiply(scalar, p, a, b, c, i % 3 != 0);
        const auto got = multiply(t, p, a, b, c, i % 3 != 0);
        for (std::size_t at = 0; at < want.size(); ++at) {
          ASSERT_TRUE(same_bits(got[at], want[at])) << isa_name(isa) << ", " << p.rows << " x " << p.cols << " x "
                                                    << depth << " at " << at << ": " << got[at] << " " << want[at];
        }
      }
    }
  }
}

TEST(Bf16, FillsWholeTilesOnEverySet) {
  for (const Isa isa : supported_isas()) {
    const Table& t = table(isa);
    for (std::int64_t rows = 1; rows <= t.gemm_tile_rows; ++rows) {
      for (const std::int64_t cols : {std::int64_t{1}, std::int64_t{16}, t.gemm_tile_cols - 3, t.gemm_tile_cols}) {
        const Product p{rows, cols, 37, rows % 2 == 0, cols % 2 == 0};
        const auto a = uniform_values(rows * p.depth, 1, -1, 1), b = uniform_values(cols * p.depth, 2, -1, 1);
        const auto got = multiply(t, p, a, b, std::vector<float>(static_cast<std::size_t>(rows * cols), 7.0F), false);
        for (std::int64_t r = 0; r < rows; ++r) {
          for (std::int64_t c = 0; c < cols; ++c) {
            const auto line = [&](const std::vector<float>& lines, std::int64_t at) {
              const auto first = lines.begin() + at * p.depth;
              return std::vector<float>(first, first + p.depth);
            };
            const Product one{1, 1, p.depth, true, true};
            const float want = multiply(table(Isa::kScalar), one, line(a, r), line(b, c), {0.0F}, false)[0];
            ASSERT_TRUE(same_bits(got[static_cast<std::size_t>(r * cols + c)], want))
                << isa_name(isa) << ", " << rows << " x " << cols << " at " << r << ", " << c;
          }
        }
      }
    }
  }
}

TEST(Bf16, LeavesTheControlRegisterAsItWas) {
  sum_of({1}, {1});
  volatile float least = 0x1p-126F;
  EXPECT_EQ(least / 2, 0x1p-127F);
}

bool same_lists(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) { return same_bits(x, y); });
}

std::vector<float> widened(const Table& t, const std::vector<Bf16>& halves) {
  Guarded out(std::vector<float>(halves.size(), 7.0F));
  t.widen_bf16(halves.data(), out.data(), static_cast<std::int64_t>(halves.size()));
  EXPECT_TRUE(out.intact());
  return {out.data(), out.data() + out.size()};
}

std::vector<float> rounded(const Table& t, const std::vector<float>& in) {
  std::vector<Bf16> out(in.size() + 1, 0xABCD);
  t.round_to_bf16(in.data(), out.data(), static_cast<std::int64_t>(in.size()));
  EXPECT_EQ(out.back(), 0xABCD) << "behind the end";
  out.pop_back();
  return widened(t, out);
}

std::vector<float> rounded_randomly(const Table& t, std::uint32_t key, const std::vector<float>& in) {
  std::vector<Bf16> out(in.size() + 1, 0xABCD);
  t.round_to_bf16_randomly(key, in.data(), out.data(), static_cast<std::int64_t>(in.size()));
  EXPECT_EQ(out.back(), 0xABCD) << "behind the end";
  out.pop_back();
  return widened(t, out);
}

TEST(Bf16Rows, AreRoundedToTheNearestTiesToEven) {
  const std::vector<float> in = {1.0F,  1.00390625F,  1.01171875F, 1.0039064F, -1.0039064F, 0.0F,
                                 -0.0F, 1.40130e-45F, kInf,        -kInf,      3.4e38F,     3.39e38F};
  const std::vector<float> want = {1.0F,  1.0F, 1.015625F, 1.0078125F, -1.0078125F, 0.0F,
                                   -0.0F, 0.0F, kInf,      -kInf,      kInf,        0x1.FEp127F};
  for (const Isa isa : supported_isas()) {
    const Table& t = table(isa);
    EXPECT_TRUE(same_lists(rounded(t, in), want));
    EXPECT_TRUE(std::isnan(rounded(t, {kNaN})[0]));
    const float payload = std::bit_cast<float>(0x7F800001U);  // a NaN whose upper half is that of infinity
    EXPECT_TRUE(std::isnan(rounded(t, {payload})[0]));
    EXPECT_TRUE(std::isnan(rounded_randomly(t, 1, {payload})[0]));
  }
}

TEST(Bf16Rows, RoundedByChanceAreNeighboursWhoseMeanIsTheNumber) {
  constexpr int kDraws = 4096;
  for (const float x : {1.001F, -3.3F, 0.7071F, 1.2e-5F, 1e-40F, -0.0123F}) {
    double sum = 0;
    const std::vector<float> same(16, x);
    const float below = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0xFFFF0000U);
    const float above = std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) & 0xFFFF0000U) + 0x10000U);
    for (std::uint32_t key = 0; key < kDraws / 16; ++key) {
      for (const float y : rounded_randomly(active(), key * 2654435761U, same)) {
        ASSERT_TRUE(y == below || y == above) << x << " became " << y;
        sum += double(y);
      }
    }
    const double gap = std::abs(double(above) - double(below));
    EXPECT_NEAR(sum / kDraws, double(x), 5 * gap / 2 / std::sqrt(double(kDraws))) << x;
  }
}

TEST(Bf16Rows, RoundedByChanceKeepWhatNeedsNoRounding) {
  const std::vector<float> in = {1.0F, -0.0F, 0.0F, 0.5078125F, kInf, -kInf, 0x1.FEp127F, 0x1p-133F};
  for (const Isa isa : supported_isas()) {
    const Table& t = table(isa);
    for (std::uint32_t key = 0; key < 100; ++key) EXPECT_TRUE(same_lists(rounded_randomly(t, key, in), in));
    EXPECT_TRUE(std::isnan(rounded_randomly(t, 1, {kNaN})[0]));
  }
}

TEST(Bf16Rows, HaveTheSameBitsOnEverySetAtAnyLength) {
  for (const std::int64_t n : testing::kAwkwardLengths) {
    const std::vector<float> in = testing::special_values(n, 5);
    const auto wanted = std::pair(rounded(table(Isa::kScalar), in), rounded_randomly(table(Isa::kScalar), 77, in));
    for (const Isa isa : supported_isas()) {
      const Table& t = table(isa);
      EXPECT_TRUE(same_lists(rounded(t, in), wanted.first));
      EXPECT_TRUE(same_lists(rounded_randomly(t, 77, in), wanted.second));
    }
  }
}

}  // namespace
}  // namespace kin::kernels
