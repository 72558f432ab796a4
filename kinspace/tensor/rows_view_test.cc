#include "kinspace/tensor/rows_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

constexpr std::int64_t kRows = 5;
constexpr std::int64_t kCols = 19;

float value(std::int64_t r, std::int64_t c) {
  return std::sin(static_cast<float>(r * kCols + c));
}

Matrix values() {
  Matrix out(kRows, kCols);
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kCols; ++c) out.row(r)[c] = value(r, c);
  }
  return out;
}

TEST(RowsView, FloatsAreReadAndWrittenAsTheyAreInRowsThatLieApart) {
  Matrix memory(kRows, kCols + 7);
  const RowsView view = MatrixView{memory.row(0), kRows, kCols, kCols + 7};
  view.write(0, values().view());
  Matrix some(2, kCols);
  view.read(3, some.view());
  for (std::int64_t c = 0; c < kCols; ++c) {
    EXPECT_EQ(some.row(0)[c], value(3, c));
    EXPECT_EQ(memory.row(4)[c], value(4, c));
  }
  EXPECT_EQ(memory.row(0)[kCols], 0.0F);
  EXPECT_EQ(view.floats().row(2), memory.row(2));
}

TEST(RowsView, Bf16KeepsTheNearestAndGivesItBackExactly) {
  std::vector<kernels::Bf16> memory(kRows * (kCols + 3));
  const RowsView view(memory.data(), kRows, kCols, (kCols + 3) * 2, Precision::kBf16);
  view.write(0, values().view());
  const Matrix once = view.copy();
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kCols; ++c) {
      EXPECT_LE(std::abs(once.row(r)[c] - value(r, c)), std::abs(value(r, c)) / 256);
    }
    EXPECT_EQ(memory[static_cast<std::size_t>(r * (kCols + 3) + kCols)], 0) << "behind the row";
  }
  view.write(0, once.view());
  const Matrix twice = view.copy();
  EXPECT_TRUE(std::equal(once.values().begin(), once.values().end(), twice.values().begin()));
  EXPECT_THROW(view.floats(), Error);
}

TEST(RowsView, RowsThatAreNotThereAreRefused) {
  Matrix memory(kRows, kCols);
  const RowsView view = memory.view();
  Matrix other(2, kCols);
  Matrix narrow(1, kCols - 1);
  EXPECT_THROW(view.read(4, other.view()), Error);
  EXPECT_THROW(view.read(-1, other.view()), Error);
  EXPECT_THROW(view.write(0, narrow.view()), Error);
}

}  // namespace
}  // namespace kin
