// Any bytes as a vocabulary file are refused with their line, or are as many different keys as were asked for.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/features/vocabulary_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 1 << 16) return 0;
  static const std::string kPath = "/tmp/kin-fuzz-vocabulary-" + std::to_string(getpid());
  std::ofstream(kPath, std::ios::binary)
      .write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
  const std::int64_t rows = data[0] >> 1 & 15;
  try {
    const kin::KeyList keys = kin::read_vocabulary_file(kPath, rows, (data[0] & 1) != 0);
    if (keys.size() == 0 || (rows > 0 && keys.size() != rows)) std::abort();
    for (std::int64_t i = 0; i < keys.size(); ++i) {
      if (keys.text(i).empty() || keys.text(i).find('\n') != std::string::npos) std::abort();
    }
  } catch (const kin::Error& e) {
    if (e.message().empty()) std::abort();
  }
  return 0;
}
