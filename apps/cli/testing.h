#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "apps/cli/app.h"
#include "apps/cli/stream.h"

namespace kin::cli {

/// A stream whose bytes can be looked at.
class MemoryStream {
 public:
  MemoryStream() : file_(open_memstream(&data_, &size_)) {}
  ~MemoryStream() {
    std::fclose(file_);
    std::free(data_);  // NOLINT: as open_memstream wants it
  }
  MemoryStream(const MemoryStream&) = delete;
  MemoryStream& operator=(const MemoryStream&) = delete;

  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {data_, size_};
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs `kin` with these words inside the test.
inline Outcome kin_says(const std::vector<std::string>& words) {
  MemoryStream out;
  MemoryStream err;
  const int status = run_kin(words, out.file(), err.file());
  return {status, out.text(), err.text()};
}

}  // namespace kin::cli
