#include "kinspace/formats/npy.h"

#include <gtest/gtest.h>

#include <string>

namespace kin {
namespace {

std::string npy_of(ConstMatrixView matrix) {
  std::string out;
  write_npy(matrix, [&](std::string_view piece) { out += piece; });
  return out;
}

TEST(Npy, WritesTheBytesOfVersionOne) {
  Matrix matrix(2, 3);
  for (int i = 0; i < 6; ++i) matrix.values()[static_cast<std::size_t>(i)] = static_cast<float>(i);
  const std::string got = npy_of({matrix.row(0), 2, 2, 3});
  const std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";
  EXPECT_EQ(got, std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dictionary + std::string(117 - dictionary.size(), ' ') +
                     "\n" + std::string("\0\0\0\0\0\0\x80\x3f\0\0\x40\x40\0\0\x80\x40", 16));
}

TEST(Npy, DataStartAtAMultipleOf64Bytes) {
  for (const std::int64_t rows : {std::int64_t{0}, std::int64_t{1}, std::int64_t{12}}) {
    Matrix matrix(rows, 5);
    const std::string got = npy_of(matrix.view());
    const auto header =
        static_cast<std::size_t>(static_cast<unsigned char>(got[8])) + 256U * static_cast<unsigned char>(got[9]);
    EXPECT_EQ((10 + header) % 64, 0U);
    EXPECT_EQ(got[10 + header - 1], '\n');
    EXPECT_EQ(got.size(), 10 + header + static_cast<std::size_t>(rows) * 20);
  }
}

}  // namespace
}  // namespace kin
