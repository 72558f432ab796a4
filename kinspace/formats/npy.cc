#include "kinspace/formats/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstddef>

namespace kin {

static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

std::string npy_header(std::string_view type, const std::vector<std::int64_t>& shape) {
  constexpr std::size_t kBefore = 10;  // magic, version, length of the header
  // A tuple of one element needs its comma.
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  header.append((64 - (kBefore + header.size() + 1) % 64) % 64, ' ');
  header.push_back('\n');
  std::string start("\x93NUMPY\x01\x00", 8);
  start.push_back(static_cast<char>(header.size() & 0xFF));
  start.push_back(static_cast<char>(header.size() >> 8));
  return start + header;
}

void write_npy(ConstMatrixView matrix, const std::function<void(std::string_view)>& sink) {
  sink(npy_header("<f4", {matrix.rows, matrix.cols}));
  for (std::int64_t r = 0; r < matrix.rows; ++r) {
    sink({reinterpret_cast<const char*>(matrix.row(r)), static_cast<std::size_t>(matrix.cols) * sizeof(float)});
  }
}

}  // namespace kin
