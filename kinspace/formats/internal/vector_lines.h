#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/window_file.h"

namespace kin::internal {

/// Reads lines of a file from any offset on.
class LineFile {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{16} << 20;

  explicit LineFile(const std::string& path) : file_(path) {}

  WindowFile& file() noexcept { return file_; }
  std::uint64_t offset() const noexcept { return offset_; }
  void seek(std::uint64_t offset) noexcept { offset_ = offset; }

  /// The next line without its end ("\n" or "\r\n"); false at the end of the file. The last may lack its end.
  /// Errors: kResourceLimit when it is longer than kMaxLine; kIo.
  bool next(std::string& line);

  /// The same; false also, at an unspecified offset, when the line is longer than `most`.
  bool next(std::string& line, std::size_t most);

 private:
  WindowFile file_;
  std::uint64_t offset_ = 0;
};

/// A line of a file of vectors, borrowed from it where nothing was quoted.
struct VectorLine {
  std::string_view key;
  std::vector<std::string_view> numbers;
};

/// Cuts a line at `separator`: a key, in quotes where it has separators or quotes in it, and texts of numbers. With a
/// blank as separator the last `dim` words are the numbers and all before them is the key; `dim` 0 takes the first word
/// as the key. False when there is no key or no number, or not `dim` of them. `unquoted` holds a key that had quotes.
bool cut_vector_line(std::string_view line, char separator, std::size_t dim, VectorLine& cut, std::string& unquoted);

/// The number that all of `text` is, but for blanks around it; float32's nearest. NaN and infinity may be spelled.
bool parse_float(std::string_view text, float& value) noexcept;

}  // namespace kin::internal
