#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "kinspace/base/file.h"

namespace kin {

/// Reads pieces of a file that mostly follow each other, through one window of up to 1 MiB.
/// Threads: one at a time.
class WindowFile {
 public:
  /// Errors: kIo.
  explicit WindowFile(const std::string& path) : file_(path), size_(file_size(path)) {}

  std::uint64_t size() const noexcept { return size_; }
  const std::string& path() const noexcept { return file_.path(); }

  /// The bytes from `offset` on: at most `most`, at least one where the file has any there. Borrowed until the next
  /// call.
  std::string_view some(std::uint64_t offset, std::uint64_t most) {
    if (offset < start_ || offset >= start_ + window_.size()) {
      window_.resize(static_cast<std::size_t>(std::min(kWindow, size_ > offset ? size_ - offset : 0)));
      start_ = offset;
      if (!window_.empty()) file_.read_at(offset, window_.data(), window_.size());
    }
    const std::string_view rest = std::string_view(window_).substr(static_cast<std::size_t>(offset - start_));
    return rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, rest.size())));
  }

 private:
  static constexpr std::uint64_t kWindow = std::uint64_t{1} << 20;

  InputFile file_;
  std::uint64_t size_;
  std::string window_;
  std::uint64_t start_ = 0;
};

}  // namespace kin
