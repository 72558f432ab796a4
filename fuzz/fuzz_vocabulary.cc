// Any bytes are either refused as damaged or unsupported, or are exactly what the writer writes for what was read.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/hash.h"
#include "kinspace/formats/vocabulary_text.h"

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

template <class Action>
void refused_or(Action action) {
  try {
    action();
  } catch (const kin::Error& error) {
    must(error.code() == kin::ErrorCode::kCorruption || error.code() == kin::ErrorCode::kNotSupported);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("vocabulary", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  static const std::string directory = std::filesystem::temp_directory_path().string();
  static const std::string copy = "kin-fuzz-vocabulary-" + std::to_string(::getpid());
  must(::ftruncate(fd, 0) == 0 && ::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  const std::string sum = kin::checksum_hex({reinterpret_cast<const char*>(data), size});
  refused_or(
      [&] { must(kin::write_vocabulary_text(directory, copy, kin::read_vocabulary_text(path)).checksum == sum); });
  refused_or([&] { must(kin::write_labels_text(directory, copy, kin::read_labels_text(path)).checksum == sum); });
  return 0;
}
