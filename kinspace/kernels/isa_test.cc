#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/kernels_testing.h"

namespace kin::kernels {
namespace {

using testing::Guarded;
using testing::kAwkwardLengths;
using testing::same_bits;
using testing::special_values;
using testing::uniform_values;

/// Arguments of any kernel: two inputs, three arrays that it may change, and what it returns.
struct Arguments {
  std::int64_t n;
  const float* x;
  const float* z;
  float* a;
  float* b;
  float* c;
  float* d;
};

struct Kernel {
  std::string name;
  std::function<float(const Table&, const Arguments&)> run;
};

std::vector<Kernel> all_kernels() {
  std::vector<Kernel> kernels = {
      {"dot", [](const Table& t, const Arguments& s) { return t.dot(s.x, s.z, s.n); }},
      {"sum", [](const Table& t, const Arguments& s) { return t.sum(s.x, s.n); }},
      {"max", [](const Table& t, const Arguments& s) { return t.max(s.x, s.n); }},
      {"squared_distance", [](const Table& t, const Arguments& s) { return t.squared_distance(s.x, s.z, s.n); }},
      {"axpy", [](const Table& t, const Arguments& s) { return t.axpy(-1.7F, s.x, s.a, s.n), 0.0F; }},
      {"scale", [](const Table& t, const Arguments& s) { return t.scale(0.3F, s.x, s.a, s.n), 0.0F; }},
      {"scale in place", [](const Table& t, const Arguments& s) { return t.scale(0.3F, s.a, s.a, s.n), 0.0F; }},
      {"add", [](const Table& t, const Arguments& s) { return t.add(s.x, s.a, s.n), 0.0F; }},
      {"multiply", [](const Table& t, const Arguments& s) { return t.multiply(s.x, s.a, s.n), 0.0F; }},
      {"all_finite", [](const Table& t, const Arguments& s) { return t.all_finite(s.x, s.n) ? 1.0F : 0.0F; }},
      {"exp", [](const Table& t, const Arguments& s) { return t.exp(s.x, s.a, s.n), 0.0F; }},
      {"exp in place", [](const Table& t, const Arguments& s) { return t.exp(s.a, s.a, s.n), 0.0F; }},
      {"log", [](const Table& t, const Arguments& s) { return t.log(s.x, s.a, s.n), 0.0F; }},
      {"log1p", [](const Table& t, const Arguments& s) { return t.log1p(s.x, s.a, s.n), 0.0F; }},
      {"log_expected_count",
       [](const Table& t, const Arguments& s) { return t.log_expected_count(1500.0F, s.x, s.a, s.n), 0.0F; }},
      {"exp_shift_sum", [](const Table& t, const Arguments& s) { return t.exp_shift_sum(2.5F, s.a, s.n); }},
      {"sgd", [](const Table& t, const Arguments& s) { return t.sgd(0.1F, s.x, s.a, s.n), 0.0F; }},
      {"momentum",
       [](const Table& t, const Arguments& s) {
         return t.momentum({0.9F, 1.0F, -0.1F, false}, s.x, s.a, s.b, s.n), 0.0F;
       }},
      {"nesterov",
       [](const Table& t, const Arguments& s) {
         return t.momentum({0.9F, -0.1F, 1.0F, true}, s.x, s.a, s.b, s.n), 0.0F;
       }},
      {"adagrad", [](const Table& t, const Arguments& s) { return t.adagrad(0.1F, 1e-7F, s.x, s.a, s.b, s.n), 0.0F; }},
      {"adam",
       [](const Table& t, const Arguments& s) {
         return t.adam({0.01F, 0.9F, 0.999F, 1e-8F}, s.x, s.a, s.b, s.c, s.n), 0.0F;
       }},
      {"amsgrad",
       [](const Table& t, const Arguments& s) {
         return t.amsgrad({0.01F, 0.9F, 0.999F, 1e-8F}, s.x, s.a, s.b, s.c, s.d, s.n), 0.0F;
       }},
      {"adamax",
       [](const Table& t, const Arguments& s) {
         return t.adamax({0.01F, 0.9F, 0.999F, 1e-8F}, s.x, s.a, s.b, s.c, s.n), 0.0F;
       }},
      {"nadam",
       [](const Table& t, const Arguments& s) {
         return t.nadam({0.01F, 0.9F, 0.999F, 1e-8F, 0.7F, 1.3F, 1.2F}, s.x, s.a, s.b, s.c, s.n), 0.0F;
       }},
      {"proximal_adagrad",
       [](const Table& t, const Arguments& s) {
         return t.proximal_adagrad({0.1F, 0.02F, 0.3F}, s.x, s.a, s.b, s.n), 0.0F;
       }},
      {"adadelta",
       [](const Table& t, const Arguments& s) {
         return t.adadelta({0.5F, 0.9F, 1e-6F}, s.x, s.a, s.b, s.c, s.n), 0.0F;
       }},
  };
  for (const float power : {0.5F, 0.0F, 1.0F, 0.7F}) {
    kernels.push_back({"ftrl " + std::to_string(power), [power](const Table& t, const Arguments& s) {
                         return t.ftrl({0.1F, power, 0.2F, 0.3F, 0.01F}, s.x, s.a, s.b, s.c, s.n), 0.0F;
                       }});
  }
  for (const bool inside : {false, true}) {
    const RmsPropStep step{0.1F, 0.9F, 0.3F, 1e-6F, inside};
    kernels.push_back({"rmsprop", [step](const Table& t, const Arguments& s) {
                         return t.rmsprop(step, s.x, s.a, s.b, nullptr, nullptr, s.n), 0.0F;
                       }});
    kernels.push_back({"rmsprop with momentum", [step](const Table& t, const Arguments& s) {
                         return t.rmsprop(step, s.x, s.a, s.b, s.c, nullptr, s.n), 0.0F;
                       }});
    kernels.push_back({"rmsprop, centered", [step](const Table& t, const Arguments& s) {
                         return t.rmsprop(step, s.x, s.a, s.b, s.c, s.d, s.n), 0.0F;
                       }});
  }
  for (const Activation f : testing::kActivations) {
    const std::string number = std::to_string(static_cast<int>(f));
    kernels.push_back(
        {"activate " + number, [f](const Table& t, const Arguments& s) { return t.activate(f, s.x, s.a, s.n), 0.0F; }});
    kernels.push_back({"activate_backward " + number, [f](const Table& t, const Arguments& s) {
                         return t.activate_backward(f, s.x, s.z, s.a, s.a, s.n), 0.0F;
                       }});
  }
  return kernels;
}

struct Outcome {
  float value;
  std::array<Guarded, 4> arrays;
};

Outcome run(const Kernel& kernel, const Table& t, const std::vector<float>& x, const std::vector<float>& z) {
  const auto n = static_cast<std::int64_t>(x.size());
  Outcome out{0,
              {Guarded(uniform_values(n, 3, -2, 2)), Guarded(uniform_values(n, 4, 0.1F, 2)),
               Guarded(uniform_values(n, 5, 0.1F, 2)), Guarded(uniform_values(n, 6, -0.3F, 0.3F))}};
  auto& [a, b, c, d] = out.arrays;
  out.value = kernel.run(t, {n, x.data(), z.data(), a.data(), b.data(), c.data(), d.data()});
  return out;
}

/// The first difference between the two, or an empty string.
std::string difference(Outcome& want, Outcome& got) {
  if (!same_bits(want.value, got.value))
    return "values " + std::to_string(want.value) + " " + std::to_string(got.value);
  for (std::size_t a = 0; a < want.arrays.size(); ++a) {
    if (!got.arrays[a].intact()) return "memory around array " + std::to_string(a) + " was written";
    for (std::size_t i = 0; i < want.arrays[a].size(); ++i) {
      const float w = want.arrays[a].data()[i];
      const float g = got.arrays[a].data()[i];
      if (!same_bits(w, g)) {
        return "array " + std::to_string(a) + " at " + std::to_string(i) + ": " + std::to_string(w) + " " +
               std::to_string(g);
      }
    }
  }
  return "";
}

class EveryIsa : public ::testing::TestWithParam<Isa> {};

TEST_P(EveryIsa, HasTheBitsOfTheScalarKernelsAtEveryAwkwardLength) {
  for (const Kernel& kernel : all_kernels()) {
    for (const std::int64_t n : kAwkwardLengths) {
      for (const bool special : {false, true}) {
        const auto x = special ? special_values(n, 1) : uniform_values(n, 1, -8, 8);
        const auto z = special ? special_values(n, 2) : uniform_values(n, 2, -1, 1);
        Outcome want = run(kernel, table(Isa::kScalar), x, z);
        Outcome got = run(kernel, table(GetParam()), x, z);
        EXPECT_EQ(difference(want, got), "") << kernel.name << ", n = " << n << (special ? ", special values" : "");
      }
    }
  }
}

TEST_P(EveryIsa, HasTheBitsOfTheScalarFunctionsOverTheWholeRange) {
  // A step coprime to powers of two meets all low bits.
  const auto x = testing::sweep(-std::numeric_limits<float>::max(), std::numeric_limits<float>::max(), 40009);
  for (const Kernel& kernel : all_kernels()) {
    if (kernel.name != "exp" && kernel.name.rfind("log", 0) != 0 && kernel.name.rfind("activate", 0) != 0) continue;
    Outcome want = run(kernel, table(Isa::kScalar), x, x);
    Outcome got = run(kernel, table(GetParam()), x, x);
    EXPECT_EQ(difference(want, got), "") << kernel.name;
  }
}

TEST_P(EveryIsa, DrawsTheNormalNumbersOfAStream) {
  for (const std::int64_t n : kAwkwardLengths) {
    for (std::uint64_t index = 0; index < 20; ++index) {
      RandomStream stream(7, Purpose::kInit, index, index << 30);
      Guarded got(std::vector<float>(static_cast<std::size_t>(n)));
      table(GetParam()).truncated_normals({stream.key(), stream.counter()}, 0.3F, got.data(), n);
      EXPECT_TRUE(got.intact());
      for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(got.data()[i], 0.3F * stream.truncated_normal()) << n << ' ' << i;
    }
  }
}

class EveryTile : public ::testing::TestWithParam<std::tuple<Isa, bool>> {};

TEST_P(EveryTile, IsAChainAndNothingOutsideOfItIsWritten) {
  const Table& t = table(std::get<0>(GetParam()));
  const bool rows_together = std::get<1>(GetParam());
  const std::int64_t k = 5;
  const std::int64_t stride = t.gemm_tile_cols + 3;
  // One float beyond what the tile holds, so that no stride is by chance that of a panel.
  const std::int64_t row = rows_together ? 1 : k + 1;
  const std::int64_t step = rows_together ? t.gemm_tile_rows + 1 : 1;
  const auto a = uniform_values(rows_together ? k * step : t.gemm_tile_rows * row, 1, -1, 1);
  const std::int64_t b_step = t.gemm_tile_cols + 5;
  const auto b = uniform_values(k * b_step - 5, 2, -1, 1);
  for (std::int64_t rows = 0; rows <= t.gemm_tile_rows; ++rows) {
    for (std::int64_t cols = 0; cols <= t.gemm_tile_cols; ++cols) {
      for (const bool accumulate : {false, true}) {
        const auto before = uniform_values(t.gemm_tile_rows * stride, 3, -1, 1);
        Guarded c(before);
        t.gemm_tile(k, {a.data(), row, step}, {b.data(), b_step}, {c.data(), stride, rows, cols, accumulate});
        EXPECT_TRUE(c.intact());
        for (std::int64_t r = 0; r < t.gemm_tile_rows; ++r) {
          for (std::int64_t j = 0; j < stride; ++j) {
            const float old = before[static_cast<std::size_t>(r * stride + j)];
            float want = old;
            if (r < rows && j < cols) {
              want = accumulate ? old : 0.0F;
              for (std::int64_t i = 0; i < k; ++i) {
                want = std::fma(a[static_cast<std::size_t>(r * row + i * step)],
                                b[static_cast<std::size_t>(i * b_step + j)], want);
              }
            }
            ASSERT_TRUE(same_bits(c.data()[r * stride + j], want)) << rows << " x " << cols << " at " << r << ", " << j;
          }
        }
      }
    }
  }
}

TEST_P(EveryIsa, PacksPanelsAndFillsTheLastWithZeros) {
  const Table& t = table(GetParam());
  for (const std::int64_t width : {t.gemm_tile_rows, t.gemm_tile_cols}) {
    for (const std::int64_t lines : {std::int64_t{1}, std::int64_t{2}, width - 1, width, width + 1, 3 * width - 2}) {
      for (const std::int64_t depth : {1, 2, 15, 16, 17, 40}) {
        for (const bool along_k : {false, true}) {
          const std::int64_t stride = (along_k ? depth : lines) + 3;
          const std::int64_t line_stride = along_k ? stride : 1;
          const std::int64_t k_stride = along_k ? 1 : stride;
          const auto in = uniform_values((along_k ? lines : depth) * stride - 3, 1, -1, 1);
          const std::int64_t panels = (lines + width - 1) / width;
          Guarded packed(std::vector<float>(static_cast<std::size_t>(panels * width * depth), 7.0F));
          t.gemm_pack(in.data(), line_stride, k_stride, lines, depth, width, packed.data());
          EXPECT_TRUE(packed.intact()) << lines << " lines, depth " << depth;
          for (std::int64_t line = 0; line < panels * width; ++line) {
            for (std::int64_t k = 0; k < depth; ++k) {
              const float want = line < lines ? in[static_cast<std::size_t>(line * line_stride + k * k_stride)] : 0.0F;
              ASSERT_EQ(packed.data()[line / width * width * depth + k * width + line % width], want)
                  << lines << " lines of " << width << ", depth " << depth << " at " << line << ", " << k;
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Supported, EveryTile,
                         ::testing::Combine(::testing::ValuesIn(supported_isas()), ::testing::Bool()),
                         [](const auto& tile) {
                           return std::string(isa_name(std::get<0>(tile.param))) +
                                  (std::get<1>(tile.param) ? "RowsTogether" : "RowsApart");
                         });
INSTANTIATE_TEST_SUITE_P(Supported, EveryIsa, ::testing::ValuesIn(supported_isas()),
                         [](const auto& set) { return std::string(isa_name(set.param)); });

TEST(Dispatch, ScalarIsAlwaysSupportedAndComesFirst) {
  const auto isas = supported_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), Isa::kScalar);
  for (const Isa isa : isas) EXPECT_EQ(table(isa).isa, isa);
}

TEST(Dispatch, TakesTheWidestSetUnlessToldOtherwise) {
  const Isa both[] = {Isa::kScalar, Isa::kAvx2};
  EXPECT_EQ(internal::choose(nullptr, both), Isa::kAvx2);
  EXPECT_EQ(internal::choose("", both), Isa::kAvx2);
  EXPECT_EQ(internal::choose("avx2", both), Isa::kAvx2);
  EXPECT_EQ(internal::choose("scalar", both), Isa::kScalar);
}

TEST(Dispatch, RefusesAnUnknownNameAndAMissingSet) {
  const Isa both[] = {Isa::kScalar, Isa::kAvx2};
  try {
    internal::choose("AVX2", both);
    ADD_FAILURE() << "names are lower case";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(e.message().find("'AVX2'"), std::string::npos) << e.message();
  }
  try {
    internal::choose("avx512", both);
    ADD_FAILURE() << "avx512 is not among the supported";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotSupported);
    EXPECT_NE(e.message().find("avx512"), std::string::npos) << e.message();
  }
}

TEST(Dispatch, ActiveIsASupportedSet) {
  const auto isas = supported_isas();
  EXPECT_NE(std::find(isas.begin(), isas.end(), active().isa), isas.end());
}

}  // namespace
}  // namespace kin::kernels
