#include "kinspace/profile/cell_shape.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <unordered_set>
#include <vector>

#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"
#include "kinspace/features/time_part.h"
#include "kinspace/profile/names.h"

namespace kin {
namespace {

constexpr double kAlmostAll = 0.95;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_digit);
}

/// What a cell must be to separate values in it.
struct Separator {
  std::string_view text;
  double in_cells;  // share of cells that hold it
  double reuse;     // how often a value comes in different cells, on average
  bool varying;     // cells differ in their number of values
  bool digits;      // most values hold some
};

constexpr Separator kSeparators[] = {{"|", 0.1, 1.5, false, false},
                                     {";", 0.3, 1.5, false, false},
                                     {",", 0.3, 2, true, false},
                                     {" ", 0.5, 2, true, true}};

/// "value:0.5" -> the place of the colon.
std::size_t weight_at(std::string_view part) {
  for (const std::string_view pair : {":", "="}) {
    const std::size_t at = part.rfind(pair);
    double weight = 0;
    if (at == std::string_view::npos || at == 0) continue;
    if (parse_number(part.substr(at + 1), weight) == Parsed::kOk) return at;
  }
  return std::string_view::npos;
}

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(whole, 1));
}

/// What stands between values and weights in nearly all parts of the cells, or nothing.
std::string pair_of(std::span<const std::string> cells, std::string_view split) {
  std::size_t parts = 0;
  std::map<char, std::size_t> pairs;
  for (const std::string& cell : cells) {
    each_value(cell, split, {}, [&](std::string_view part) {
      ++parts;
      const std::size_t at = weight_at(part);
      if (at != std::string_view::npos) ++pairs[part[at]];
    });
  }
  for (const auto& [pair, count] : pairs) {
    if (share(count, parts) >= kAlmostAll) return {pair};
  }
  return {};
}

/// Whether the cells are lists of values between `separator`; says it in the shape.
bool is_split(std::span<const std::string> cells, const Separator& separator, CellShape& shape) {
  std::size_t cells_with = 0;
  std::size_t all_values = 0;
  const std::string pair = pair_of(cells, separator.text);
  std::map<std::size_t, std::size_t> lengths;
  std::unordered_set<std::string_view> different_cells;
  for (const std::string& cell : cells) {
    if (cell.find(separator.text) != std::string::npos) ++cells_with;
    std::size_t length = 0;
    each_value(cell, separator.text, pair, [&](std::string_view) { ++length; });
    ++lengths[length];
    all_values += length;
    different_cells.insert(cell);
  }
  if (share(cells_with, cells.size()) < separator.in_cells) return false;

  std::unordered_set<std::string_view> different_values;
  std::size_t values = 0;
  std::size_t digits = 0;
  std::size_t bytes = 0;
  for (const std::string_view cell : different_cells) {
    each_value(cell, separator.text, pair, [&](std::string_view value) {
      ++values;
      different_values.insert(value);
      bytes += value.size();
      if (has_digit(value)) ++digits;
    });
  }
  constexpr double kLongestMean = 30;
  if (share(values, different_values.size()) < separator.reuse) return false;
  if (share(bytes, values) > kLongestMean) return false;
  if (separator.digits && pair.empty() && share(digits, values) < 0.9) return false;
  if (separator.varying && pair.empty()) {
    std::size_t most = 0;
    for (const auto& [length, count] : lengths) most = std::max(most, count);
    if (share(most, cells.size()) > kAlmostAll) return false;
  }
  shape.split = separator.text;
  shape.pair = pair;
  shape.mean_values = share(all_values, cells.size());
  return true;
}

/// Aug 1 2004, 1-August-2004, Aug 2004: numbers and the name of a month.
bool is_named_date(std::string_view text) {
  constexpr std::string_view kMonths[] = {"january", "february", "march",     "april",   "may",      "june",
                                          "july",    "august",   "september", "october", "november", "december"};
  constexpr std::size_t kMostWords = 3;
  const std::vector<std::string> words = words_of_name(text.substr(0, 40));
  std::size_t months = 0;
  std::size_t numbers = 0;
  for (const std::string& word : words) {
    if (is_digit(word.front())) {
      ++numbers;
    } else {
      const auto names = [&](std::string_view month) { return word.size() >= 3 && month.starts_with(word); };
      months += std::any_of(std::begin(kMonths), std::end(kMonths), names) ? 1 : 0;
    }
  }
  return months == 1 && numbers >= 1 && months + numbers == words.size() && words.size() <= kMostWords;
}

/// 12/31/2001, 31.12.2001, 31-12-01 and the like.
bool is_numeric_date(std::string_view text) {
  std::size_t numbers = 0;
  std::size_t i = 0;
  char separator = 0;
  while (i < text.size() && numbers < 3) {
    std::size_t digits = 0;
    while (i < text.size() && is_digit(text[i])) ++i, ++digits;
    if (digits == 0 || digits > 4) return false;
    ++numbers;
    if (numbers == 3) break;
    if (i == text.size() || (text[i] != '/' && text[i] != '.' && text[i] != '-')) return false;
    if (separator != 0 && text[i] != separator) return false;
    separator = text[i++];
  }
  return numbers == 3 && (i == text.size() || text[i] == ' ' || text[i] == 'T');
}

void look_for_times(std::span<const std::string> cells, CellShape& shape) {
  std::size_t times = 0;
  std::size_t clocks = 0;
  std::size_t others = 0;
  for (const std::string& cell : cells) {
    if (const auto time = parse_time(cell)) {
      ++times;
      if (time->has_clock) ++clocks;
    } else if (is_numeric_date(trim(cell)) || is_named_date(cell)) {
      ++others;
    }
  }
  const double enough = kAlmostAll * static_cast<double>(cells.size());
  shape.time = static_cast<double>(times) >= enough;
  shape.clock = shape.time && clocks > 0;
  shape.other_time = !shape.time && static_cast<double>(others) >= enough;
}

std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank && !inside) ++words;
    inside = !blank;
  }
  return words;
}

}  // namespace

void each_value(std::string_view cell, std::string_view split, std::string_view pair,
                FunctionRef<void(std::string_view value)> take) {
  for (std::size_t at = 0; at <= cell.size();) {
    const std::size_t end = std::min(split.empty() ? cell.size() : cell.find(split, at), cell.size());
    std::string_view value = cell.substr(at, end - at);
    if (!pair.empty()) value = value.substr(0, value.rfind(pair));
    value = trim(value);
    if (!value.empty()) take(value);
    at = end + std::max<std::size_t>(split.size(), 1);
  }
}

CellShape shape_of(std::span<const std::string> cells) {
  CellShape shape;
  if (cells.empty()) return shape;
  std::size_t words = 0;
  std::size_t bytes = 0;
  std::size_t zeros = 0;
  std::size_t lists = 0;
  for (const std::string& cell : cells) {
    words += count_words(cell);
    bytes += cell.size();
    std::int64_t value = 0;
    if (parse_integer(cell, value) == Parsed::kLeadingZero) ++zeros;
    const std::string_view inner = trim(cell);
    if (inner.size() >= 2 && inner.front() == '[' && inner.back() == ']') ++lists;
  }
  const auto n = static_cast<double>(cells.size());
  shape.mean_words = static_cast<double>(words) / n;
  shape.mean_bytes = static_cast<double>(bytes) / n;
  shape.leading_zeros = static_cast<double>(zeros) / n;
  shape.json_list = static_cast<double>(lists) >= kAlmostAll * n;
  look_for_times(cells, shape);
  if (shape.time || shape.other_time || shape.json_list) return shape;
  for (const Separator& separator : kSeparators) {
    if (is_split(cells, separator, shape)) break;
  }
  return shape;
}

}  // namespace kin
