#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/formats/npy.h"

namespace kin::bench {

/// Writes a matrix as a .npy file.
inline void export_npy(const std::string& path, ConstMatrixView matrix) {
  AtomicFile file(path);
  write_npy(matrix, [&](std::string_view bytes) { file.write(bytes); });
  file.commit();
}

/// A NumPy file (.npy, version 1) as histories.py writes it: its values lie from byte `start` on, [rows, cols].
struct NpyFile {
  std::string bytes;
  std::int64_t rows = 0;
  std::int64_t cols = 1;
  std::size_t start = 0;

  /// `type` as in "<i4"; anything else in the file is an error.
  NpyFile(const std::string& path, const std::string& type) : bytes(read_file(path, std::uint64_t{1} << 34)) {
    if (bytes.size() < 10 || bytes.compare(0, 8, "\x93NUMPY\x01\0", 8) != 0) {
      throw Error::bad_data(path + " is no .npy file of version 1");
    }
    start =
        10 + static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[8]) + 256 * static_cast<std::uint8_t>(bytes[9]));
    const std::string header = bytes.substr(10, start - 10);
    const std::size_t shape = header.find('(');
    if (header.find("'" + type + "'") == std::string::npos || shape == std::string::npos) {
      throw Error::bad_data(path + " does not hold " + type);
    }
    char* end = nullptr;
    rows = std::strtoll(header.c_str() + shape + 1, &end, 10);
    if (*end == ',' && end[1] != ')') cols = std::strtoll(end + 1, nullptr, 10);
  }

  template <class T>
  const T* values() const {
    return reinterpret_cast<const T*>(bytes.data() + start);
  }
};

}  // namespace kin::bench
