#include "kinspace/tensor/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/tensor/internal/gemm_with.h"

namespace kin {
namespace {

constexpr float kCanary = 777.25F;

/// Row-major matrix with room behind each row, and before and behind the whole, that holds canaries.
class Padded {
 public:
  /// op(this) is [rows, cols] and has the same values in both transposes.
  Padded(std::int64_t rows, std::int64_t cols, std::int64_t room, std::uint64_t seed,
         Transpose transpose = Transpose::kNo)
      : rows_(transpose == Transpose::kNo ? rows : cols),
        cols_(transpose == Transpose::kNo ? cols : rows),
        stride_(cols_ + room),
        memory_(static_cast<std::size_t>(rows_ * stride_ + 32), kCanary) {
    RandomStream stream(seed, Purpose::kInit, 0, 0);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < cols; ++c) {
        (transpose == Transpose::kNo ? at(r, c) : at(c, r)) = 2 * stream.uniform() - 1;
      }
    }
  }

  float& at(std::int64_t r, std::int64_t c) { return view().row(r)[c]; }
  MatrixView view() { return {memory_.data() + 16, rows_, cols_, stride_}; }
  const std::vector<float>& memory() const { return memory_; }

 private:
  std::int64_t rows_, cols_, stride_;
  std::vector<float> memory_;
};

struct Case {
  std::int64_t m, n, k;
  Transpose transpose_a = Transpose::kNo;
  Transpose transpose_b = Transpose::kNo;
  bool accumulate = false;
  std::int64_t room = 0;
  Precision precision = Precision::kFp32;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.m << " x " << c.n << " x " << c.k << (c.transpose_a == Transpose::kYes ? ", A'" : "")
             << (c.transpose_b == Transpose::kYes ? ", B'" : "") << (c.accumulate ? ", accumulate" : "") << ", room "
             << c.room << (c.precision == Precision::kBf16 ? ", bf16" : "");
}

struct Operands {
  Padded a, b, c;

  explicit Operands(const Case& s)
      : a(s.m, s.k, s.room, 1, s.transpose_a),
        b(s.k, s.n, s.room, 2, s.transpose_b),

        c(s.m, s.n, s.room, 3) {}
};

/// All memory of C, the canaries included.
std::vector<float> product(const Case& s, kernels::Isa isa, ThreadPool& pool) {
  Operands o(s);
  internal::gemm_with(kernels::table(isa), pool, s.precision, s.transpose_a, o.a.view(), s.transpose_b, o.b.view(),
                      o.c.view(), s.accumulate);
  return o.c.memory();
}

/// The same with B packed before.
std::vector<float> packed_product(const Case& s, kernels::Isa isa, ThreadPool& pool) {
  Operands o(s);
  std::vector<float> panels(static_cast<std::size_t>(packed_right_floats(s.k, s.n)), kCanary);
  const PackedRight b =
      internal::pack_right_with(kernels::table(isa), pool, s.precision, s.transpose_b, o.b.view(), panels.data());
  internal::gemm_with(kernels::table(isa), pool, s.transpose_a, o.a.view(), b, o.c.view(), s.accumulate);
  return o.c.memory();
}

/// Factors as a precision takes them; none here is denormal.
float factor(float value, Precision precision) {
  if (precision == Precision::kFp32) return value;
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  return __builtin_bit_cast(float, (bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U);
}

/// One chain of fma per value, as the contract says. The transposes make no difference.
std::vector<float> chain_of_fma(Case s) {
  s.transpose_a = Transpose::kNo;
  s.transpose_b = Transpose::kNo;
  const bool pairs = s.precision == Precision::kBf16;
  Operands o(s);
  for (std::int64_t m = 0; m < s.m; ++m) {
    for (std::int64_t n = 0; n < s.n; ++n) {
      float total = s.accumulate ? o.c.at(m, n) : 0.0F;
      for (std::int64_t i = 0; i < s.k + (pairs ? s.k % 2 : 0); ++i) {
        const std::int64_t k = pairs ? i ^ 1 : i;
        if (k < s.k) total = std::fma(factor(o.a.at(m, k), s.precision), factor(o.b.at(k, n), s.precision), total);
      }
      o.c.at(m, n) = total;
    }
  }
  return o.c.memory();
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The shapes in both precisions and all transposes, accumulating or not, dense or with room between rows.
std::vector<Case> variants(const std::vector<Case>& shapes) {
  std::vector<Case> out;

  for (const Case& shape : shapes) {
    for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
      for (const bool accumulate : {false, true}) {
        for (const Transpose a : {Transpose::kNo, Transpose::kYes}) {
          for (const Transpose b : {Transpose::kNo, Transpose::kYes}) {
            out.push_back({shape.m, shape.n, shape.k, a, b, accumulate, accumulate ? 5 : 0, precision});
          }
        }
      }
    }
  }
  return out;
}

const kernels::Isa kWidest = kernels::supported_isas().back();

/// The variants of each shape against the chain, which is made once for all transposes.
void expect_chains(ThreadPool& pool, const std::vector<Case>& shapes) {
  std::vector<float> want;
  for (const Case& s : variants(shapes)) {
    if (s.transpose_a == Transpose::kNo && s.transpose_b == Transpose::kNo) want = chain_of_fma(s);
    ASSERT_TRUE(same_bytes(product(s, kWidest, pool), want)) << s;
    ASSERT_TRUE(same_bytes(packed_product(s, kWidest, pool), want)) << s << ", B packed before";
  }
}

TEST(Gemm, IsAChainOfFmaAtEveryAwkwardSize) {
  ThreadPool pool(1);
  const std::int64_t sizes[] = {0, 1, 2, 5, 17, 33, 65, 130};
  for (const std::int64_t m : sizes) {
    for (const std::int64_t n : sizes) {
      for (const std::int64_t k : {0, 1, 2, 17, 70}) expect_chains(pool, {{m, n, k}});
    }
  }
}

TEST(Gemm, IsAChainOfFmaAcrossAllBlocks) {
  ThreadPool pool(2);
  // Beyond the blocks of k, of rows and of columns in turn.

  expect_chains(pool, {{19, 37, 1100}, {19, 64, 1100}, {2100, 9, 20}, {9, 2100, 20}, {1, 2500, 300}, {2500, 1, 300}});
}

TEST(Gemm, IsAChainOfFmaWhereRowsShareASetOfTheCache) {
  ThreadPool pool(1);
  for (const Transpose a : {Transpose::kNo, Transpose::kYes}) {
    for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
      for (const std::int64_t cols : {40, 256}) {
        const Case s{256, cols, 256, a, Transpose::kNo, true, 256, precision};
        EXPECT_TRUE(same_bytes(product(s, kWidest, pool), chain_of_fma(s))) << s;
      }
    }
  }
}

TEST(Gemm, HasTheSameBytesOnEveryInstructionSet) {
  ThreadPool pool(1);
  for (const Case& s : variants({{1, 1, 1}, {5, 3, 300}, {33, 65, 40}, {1, 100, 20}, {100, 1, 20}, {64, 64, 64}})) {
    const auto want = product(s, kernels::Isa::kScalar, pool);
    for (const kernels::Isa isa : kernels::supported_isas()) {
      EXPECT_TRUE(same_bytes(product(s, isa, pool), want)) << s << " on " << kernels::isa_name(isa);
      EXPECT_TRUE(same_bytes(packed_product(s, isa, pool), want)) << s << ", B packed, on " << kernels::isa_name(isa);
    }
  }
}

TEST(Gemm, HasTheSameBytesAtAnyNumberOfThreads) {
  ThreadPool one(1);
  for (const Case& s : variants({{150, 290, 70}, {3, 2100, 170}, {2100, 3, 170}, {1, 4200, 250}})) {
    const auto want = product(s, kWidest, one);
    for (const int threads : {2, 3, 8}) {
      ThreadPool pool(threads);
      EXPECT_TRUE(same_bytes(product(s, kWidest, pool), want)) << s << " with " << threads << " threads";
      EXPECT_TRUE(same_bytes(packed_product(s, kWidest, pool), want)) << s << ", B packed, with " << threads;
    }
  }
}

TEST(Gemm, AgreesWithDoubleReference) {
  ThreadPool pool(2);
  for (const Case& s : variants({{70, 90, 400}})) {
    Operands o(s);
    Operands got(s);
    gemm(pool, s.precision, s.transpose_a, got.a.view(), s.transpose_b, got.b.view(), got.c.view(), s.accumulate);
    for (std::int64_t m = 0; m < s.m; ++m) {
      for (std::int64_t n = 0; n < s.n; ++n) {
        double want = s.accumulate ? o.c.at(m, n) : 0.0;
        double scale = std::fabs(want);
        for (std::int64_t k = 0; k < s.k; ++k) {
          const double a = factor(s.transpose_a == Transpose::kNo ? o.a.at(m, k) : o.a.at(k, m), s.precision);
          const double b = factor(s.transpose_b == Transpose::kNo ? o.b.at(k, n) : o.b.at(n, k), s.precision);
          want += a * b;
          scale += std::fabs(a * b);
        }
        // k rounding steps, each at most half an ulp of a partial sum no larger than `scale`.
        const double tolerance = static_cast<double>(s.k) * scale * std::numeric_limits<float>::epsilon() / 2;
        ASSERT_NEAR(got.c.at(m, n), want, tolerance) << s << " at " << m << ", " << n;
      }
    }
  }
}

TEST(Gemm, MayBeCutAlongKIntoCallsThatAccumulate) {
  ThreadPool pool(1);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    Padded a(20, 300, 0, 1), b(300, 50, 0, 2), whole(20, 50, 0, 3), parts(20, 50, 0, 3);
    const auto multiply = [&](std::int64_t from, std::int64_t to, MatrixView c, bool accumulate) {
      gemm(pool, precision, Transpose::kNo, ConstMatrixView(a.view().data + from, 20, to - from, 300), Transpose::kNo,
           ConstMatrixView(b.view().row(from), to - from, 50, 50), c, accumulate);
    };
    multiply(0, 300, whole.view(), false);
    const std::int64_t cut = precision == Precision::kFp32 ? 7 : 8;
    multiply(0, cut, parts.view(), false);
    multiply(cut, 262, parts.view(), true);
    multiply(262, 300, parts.view(), true);
    EXPECT_TRUE(same_bytes(whole.memory(), parts.memory()));
  }
}

TEST(Gemm, OfBf16IsAsFarFromThatOfFloatsAsRoundedFactorsMakeIt) {
  ThreadPool pool(1);
  Padded a(30, 200, 0, 1), b(200, 40, 0, 2), exact(30, 40, 0, 3), rounded(30, 40, 0, 3), sizes(30, 40, 0, 3);
  gemm(pool, Transpose::kNo, a.view(), Transpose::kNo, b.view(), exact.view());
  gemm(pool, Precision::kBf16, Transpose::kNo, a.view(), Transpose::kNo, b.view(), rounded.view());
  for (std::int64_t i = 0; i < 30 * 200; ++i) a.view().data[i] = std::fabs(a.view().data[i]);
  for (std::int64_t i = 0; i < 200 * 40; ++i) b.view().data[i] = std::fabs(b.view().data[i]);
  gemm(pool, Transpose::kNo, a.view(), Transpose::kNo, b.view(), sizes.view());
  double farthest = 0;
  for (std::int64_t i = 0; i < 30 * 40; ++i) {
    const double error = std::fabs(double(rounded.view().data[i]) - double(exact.view().data[i]));
    // Each factor moves by at most 2^-9 of itself; 200 roundings of sums are far below.
    EXPECT_LE(error, sizes.view().data[i] * (0x1p-8 + 0x1p-15));
    farthest = std::max(farthest, error);
  }
  EXPECT_GT(farthest, 1e-3) << "nothing was rounded";
}

TEST(Gemm, OverwritesWhateverWasInCUnlessAccumulating) {
  ThreadPool pool(1);
  for (const std::int64_t k : {0, 3}) {
    Padded a(4, k, 0, 1), b(k, 6, 0, 2), c(4, 6, 0, 3);
    for (std::int64_t n = 0; n < 6; ++n) c.at(2, n) = std::numeric_limits<float>::quiet_NaN();
    gemm(pool, Transpose::kNo, a.view(), Transpose::kNo, b.view(), c.view());
    for (std::int64_t n = 0; n < 6; ++n) EXPECT_FALSE(std::isnan(c.at(2, n))) << "k = " << k;
  }
}

TEST(Gemm, WorksInsideALoopOfTheSamePool) {
  ThreadPool pool(3);
  const Case s{40, 50, 60};
  const auto want = chain_of_fma(s);
  std::vector<std::vector<float>> got(8);
  pool.run(8, [&](std::int64_t i) { got[static_cast<std::size_t>(i)] = product(s, kWidest, pool); });
  for (const auto& g : got) EXPECT_TRUE(same_bytes(g, want));
}

TEST(Gemm, KnowsPrecisionsByName) {
  EXPECT_EQ(precision_named("fp32"), Precision::kFp32);
  EXPECT_EQ(precision_named("bf16"), Precision::kBf16);
  EXPECT_THROW(precision_named("fp16"), Error);
}

TEST(Gemm, RefusesShapesThatDoNotFit) {
  ThreadPool pool(1);
  Padded a(3, 4, 0, 1), b(5, 6, 0, 2), c(3, 6, 0, 3);
  try {
    gemm(pool, Transpose::kNo, a.view(), Transpose::kNo, b.view(), c.view());
    ADD_FAILURE() << "4 columns of A cannot meet 5 rows of B";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
    EXPECT_NE(e.message().find("[3, 4] times [5, 6]"), std::string::npos) << e.message();
  }
  EXPECT_THROW(gemm(pool, Transpose::kNo, a.view(), PackedRight{nullptr, 5, 6}, c.view()), Error);
  ConstMatrixView narrow = a.view();
  narrow.stride = 3;
  EXPECT_THROW(gemm(pool, Transpose::kNo, narrow, Transpose::kNo, Padded(4, 6, 0, 2).view(), c.view()), Error);
}

}  // namespace
}  // namespace kin
