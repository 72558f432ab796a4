#include "kinspace/formats/internal/vector_lines.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin::internal {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// The last word of a line, which is cut off it; empty when there is none.
std::string_view take_last_word(std::string_view& line) {
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  std::size_t begin = line.size();
  while (begin > 0 && !is_blank(line[begin - 1])) --begin;
  const std::string_view word = line.substr(begin);
  line.remove_suffix(word.size());
  return word;
}

/// Takes a key in quotes, "" for one within, from the front of a line; false when they do not close.
bool take_quoted(std::string_view& line, std::string& key) {
  key.clear();
  for (line.remove_prefix(1); !line.empty();) {
    const std::size_t quote = line.find('"');
    if (quote == std::string_view::npos) return false;
    key.append(line.substr(0, quote));
    line.remove_prefix(quote + 1);
    if (line.empty() || line.front() != '"') return true;
    key.push_back('"');
    line.remove_prefix(1);
  }
  return false;
}

}  // namespace

bool LineFile::next(std::string& line) {
  if (next(line, kMaxLine)) return true;
  if (line.size() <= kMaxLine) return false;
  throw Error::resource_limit(fmt::format("{}: a line is longer than {}", file_.path(), human_bytes(kMaxLine)));
}

bool LineFile::next(std::string& line, std::size_t most) {
  line.clear();
  bool ended = false;
  while (!ended) {
    const std::string_view piece = file_.some(offset_, UINT64_MAX);
    if (piece.empty()) break;
    const std::size_t end = piece.find('\n');
    ended = end != std::string_view::npos;
    line.append(piece.substr(0, end));
    offset_ += ended ? end + 1 : piece.size();
    if (line.size() > most) return false;
  }
  if (!ended && line.empty()) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

bool cut_vector_line(std::string_view line, char separator, std::size_t dim, VectorLine& cut, std::string& unquoted) {
  cut.numbers.clear();
  if (separator == ' ') {
    while (dim == 0 || cut.numbers.size() < dim) {
      const std::string_view word = take_last_word(line);
      if (word.empty()) break;
      cut.numbers.push_back(word);
    }
    if (dim == 0 && cut.numbers.size() > 1) {
      cut.key = cut.numbers.back();
      cut.numbers.pop_back();
    } else {
      while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
      cut.key = line;
    }
    std::reverse(cut.numbers.begin(), cut.numbers.end());
    return !cut.key.empty() && !cut.numbers.empty() && (dim == 0 || cut.numbers.size() == dim);
  }
  if (line.starts_with('"')) {
    if (!take_quoted(line, unquoted)) return false;
    cut.key = unquoted;
  } else {
    cut.key = line.substr(0, line.find(separator));
    line.remove_prefix(cut.key.size());
  }
  while (!line.empty()) {
    if (line.front() != separator) return false;
    line.remove_prefix(1);
    cut.numbers.push_back(line.substr(0, line.find(separator)));
    line.remove_prefix(cut.numbers.back().size());
  }
  return !cut.numbers.empty() && (dim == 0 || cut.numbers.size() == dim);
}

bool parse_float(std::string_view text, float& value) noexcept {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  // By way of double, which also reads what is below the least float; nine digits round the same either way.
  double wide = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wide);
  if (error != std::errc() || text.empty() || end != text.data() + text.size()) return false;
  value = static_cast<float>(wide);
  return true;
}

}  // namespace kin::internal
