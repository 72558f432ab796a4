#include "kinspace/data/json_lines.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

JsonLines::JsonLines(const ByteSource& source, const CsvLimits& limits)
    : name_(source.name), read_(source.start()), max_row_(std::min(limits.max_row_bytes, kMaxRowBytes)) {
  const std::size_t block = std::clamp<std::size_t>(limits.block_bytes, 4, kMaxRowBytes);  // a byte order mark fits
  buffer_.resize(block + kPadding);
}

bool JsonLines::next() {
  rows_.clear();
  while (!pending_) {
    if (mode_ == Mode::kUnknown) find_mode();
    if (mode_ == Mode::kLines) scan_lines();
    if (mode_ == Mode::kArray) scan_array();
    if (mode_ == Mode::kAfterArray) expect_blanks();
    if (!rows_.empty()) return true;
    if (pending_ || at_end_) break;
    fill();
  }
  if (!pending_ && mode_ == Mode::kArray) refuse("the text ends before its array does", "is the file complete?");
  if (pending_) throw *pending_;
  return false;
}

void JsonLines::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  const bool first = base_ + end_ == 0;
  base_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  // A row is scanned anew when more of it has come, so the room doubles: all scans of a row cost twice its length.
  if (end_ + kPadding == buffer_.size()) {
    if (end_ >= max_row_) {
      refuse(fmt::format("the row is longer than {}", human_bytes(max_row_)),
             "write an object a line, or an array of objects");
      return;
    }
    buffer_.resize(std::min(2 * end_, max_row_) + kPadding);
  }
  const std::size_t capacity = buffer_.size() - kPadding;
  while (end_ < capacity && !at_end_) {
    const std::size_t got = read_(buffer_.data() + end_, capacity - end_);
    checksum_.update(buffer_.data() + end_, got);
    end_ += got;
    at_end_ = got == 0;
  }
  std::memset(buffer_.data() + end_, 0, kPadding);
  if (first && std::string_view(buffer_.data(), end_).starts_with("\xEF\xBB\xBF")) begin_ = 3;
}

void JsonLines::find_mode() {
  begin_ = skip_blanks(begin_);
  if (begin_ == end_) return;
  mode_ = buffer_[begin_] == '[' ? Mode::kArray : Mode::kLines;
  if (mode_ == Mode::kArray) ++begin_;
}

// Position of the first byte from `at` on that is no blank; counts the lines.
std::size_t JsonLines::skip_blanks(std::size_t at) {
  for (; at < end_ && is_blank(buffer_[at]); ++at) line_ += buffer_[at] == '\n' ? 1 : 0;
  return at;
}

void JsonLines::scan_lines() {
  const char* text = buffer_.data();
  while (begin_ < end_) {
    const void* found = std::memchr(text + begin_, '\n', end_ - begin_);
    if (found == nullptr && !at_end_) return;
    const std::size_t stop = found == nullptr ? end_ : static_cast<std::size_t>(static_cast<const char*>(found) - text);
    std::size_t from = begin_;
    std::size_t to = stop;
    while (from < to && is_blank(text[from])) ++from;
    while (from < to && is_blank(text[to - 1])) --to;
    if (from < to) rows_.push_back({from, to - from, line_});
    begin_ = found == nullptr ? end_ : stop + 1;
    ++line_;
  }
}

void JsonLines::scan_array() {
  while (mode_ == Mode::kArray && !pending_ && scan_element()) {
  }
}

// Takes the next element with the comma or bracket behind it; false if not all of it is there yet, or it is none.
bool JsonLines::scan_element() {
  begin_ = skip_blanks(begin_);
  const char* text = buffer_.data();
  std::int64_t lines = 0;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = begin_; at < end_; ++at) {
    const char c = text[at];
    if (c == '\n') ++lines;
    if (in_string) {
      // The escaped byte is skipped; where it has not come yet, neither has the end of the element.
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    const bool ends = depth == 0 && (c == ',' || c == ']' || c == '}');
    if (c == '}' || c == ']') depth -= depth > 0 ? 1 : 0;
    if (!ends) continue;
    std::size_t to = at;
    while (to > begin_ && is_blank(text[to - 1])) --to;
    const bool empty_array = c == ']' && to == begin_ && first_element_;
    if (!empty_array) {
      if (to == begin_ || c == '}') {
        refuse("a value is missing in the array", "is this JSON?");
        return false;
      }
      rows_.push_back({begin_, to - begin_, line_});
    }
    first_element_ = false;
    if (c == ']') mode_ = Mode::kAfterArray;
    begin_ = at + 1;
    line_ += lines;
    return true;
  }
  return false;
}

void JsonLines::expect_blanks() {
  begin_ = skip_blanks(begin_);
  if (begin_ < end_) {
    refuse("there is text behind the array that the rows are in", "write one array of objects, or an object a line");
  }
}

void JsonLines::refuse(const std::string& what, const char* fix) {
  pending_ = Error::bad_data(fmt::format("{}:{}: {}", name_, line_, what), fix);
}

}  // namespace kin
