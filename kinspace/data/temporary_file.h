#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

namespace kin {

/// A file of a test, removed at its end.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content, const std::string& suffix = ".csv") {
    static int made = 0;
    path_ =
        ::testing::TempDir() + "kin-data-test-" + std::to_string(::getpid()) + "-" + std::to_string(made++) + suffix;
    write(content);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view content) const { std::ofstream(path_, std::ios::binary) << content; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace kin
