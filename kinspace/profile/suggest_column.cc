#include "kinspace/profile/suggest_column.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "kinspace/base/text.h"
#include "kinspace/profile/names.h"

namespace kin {
namespace {

constexpr std::int64_t kIndicatorValues = 8;         // up to so many values are shown one by one
constexpr std::int64_t kVocabularyValues = 100'000;  // more are hashed
constexpr double kAlmostAll = 0.999;

ColumnSuggestion leave_out(std::string reason) {
  return {{}, "leave out", std::move(reason)};
}

std::string values_text(std::int64_t values, bool exact) {
  return fmt::format("{}{} values", exact ? "" : "about ", with_thousands(values));
}

/// Adds a column of the data's own name, which is its source unless the name had to change.
template <class Column>
void add(ColumnSuggestion& suggestion, const std::string& source, Column column) {
  const std::string name = spec_name(source);
  if (name != source) {
    if constexpr (std::is_same_v<Column, NumericColumn>) {
      column.source = {source};
    } else {
      column.source = source;
    }
  }
  suggestion.columns.push_back({name, std::move(column), suggestion.reason});
}

bool is_skewed(const NumberProfile& numbers) {
  const double below = numbers.quantiles[3] - numbers.quantiles.front();
  const double high = numbers.quantiles.back() > numbers.quantiles[3] ? numbers.quantiles.back() : numbers.max;
  const double above = high - numbers.quantiles[3];
  constexpr double kSteps = 50;  // a few steps are no tail
  return above > 4 * below && numbers.max - numbers.min >= kSteps;
}

bool is_flag(const ColumnProfile& column) {
  return column.type == ColumnType::kInteger && column.cells == Cells::kSingle && column.distinct == 2 &&
         column.numbers->min == 0 && column.numbers->max == 1;
}

ColumnSuggestion suggest_number(const ColumnProfile& column) {
  const NumberProfile& numbers = *column.numbers;
  NumericColumn numeric;
  std::string reason = fmt::format("{} to {}", short_number(numbers.min), short_number(numbers.max));
  if (column.cells != Cells::kSingle) {
    if (column.cells == Cells::kList) return leave_out("lists of numbers, some longer than others");
    numeric.size = column.values / std::max<std::int64_t>(column.rows - column.missing, 1);
    reason += fmt::format(", vectors of {}", numeric.size);
  }
  const bool flag = is_flag(column);
  if (flag) {
    reason = "0 or 1";
  } else if (!is_skewed(numbers)) {
    numeric.scale = "zscore";
  } else {
    numeric.scale = numbers.min >= 0 ? "log1p" : "quantile";
    reason += ", skewed";
  }
  ColumnSuggestion suggestion{{}, flag ? "numeric" : fmt::format("numeric, {}", numeric.scale), std::move(reason)};
  if (column.missing > 0) {
    numeric.missing = "mean";
    suggestion.text += ", missing = mean";
  }
  add(suggestion, column.name, std::move(numeric));
  return suggestion;
}

/// A vocabulary, or a hash where there are too many values; `values` are cells or parts of them.
ColumnSuggestion suggest_keys(const ColumnProfile& column, std::int64_t distinct) {
  const CellShape& shape = column.shape;
  ColumnSuggestion suggestion;
  suggestion.reason = values_text(distinct, column.exact);
  const std::string list =
      shape.split.empty() ? (column.cells == Cells::kSingle ? "" : ", lists")
                          : fmt::format(", split \"{}\"{}", shape.split, shape.pair.empty() ? "" : " with weights");
  const std::int64_t dim = rule_of_thumb_dim(distinct);
  if (distinct > kVocabularyValues) {
    HashColumn hash;
    hash.buckets = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(distinct)));
    hash.split = shape.split;
    hash.pair = shape.pair;
    suggestion.text = fmt::format("hash, {} buckets, dim {}{}", hash.buckets, rule_of_thumb_dim(hash.buckets), list);
    add(suggestion, column.name, std::move(hash));
    return suggestion;
  }
  VocabularyColumn vocabulary;
  vocabulary.split = shape.split;
  vocabulary.pair = shape.pair;
  const bool has_tail = column.exact && shape.split.empty() && column.singles * 2 > distinct && distinct > 20;
  if (has_tail) {
    vocabulary.min_count = 2;
    vocabulary.oov = "row";
    suggestion.reason += fmt::format(", {} of them once", with_thousands(column.singles));
  }
  vocabulary.indicator = distinct <= kIndicatorValues;
  if (!vocabulary.indicator) suggestion.reason += fmt::format(": dim {}", dim);
  suggestion.text = fmt::format("vocabulary, {}{}", vocabulary.indicator ? "indicator" : fmt::format("dim {}", dim),
                                has_tail ? ", min_count 2" : "") +
                    list;
  add(suggestion, column.name, std::move(vocabulary));
  return suggestion;
}

ColumnSuggestion suggest_text(const ColumnProfile& column) {
  ColumnSuggestion suggestion{{}, "text", fmt::format("{:.1f} words on average", column.shape.mean_words)};
  TextColumn text;
  if (column.values >= 1000) text.min_count = 2;
  text.embed.combiner = "sqrtn";
  add(suggestion, column.name, std::move(text));
  return suggestion;
}

ColumnSuggestion suggest_time(const ColumnProfile& column) {
  ColumnSuggestion suggestion;
  const std::string name = spec_name(column.name);
  std::vector<std::string> parts = {"weekday"};
  if (column.hours > 2) parts.emplace_back("hour");
  constexpr double kMostOfAYear = 300;
  if (column.days > kMostOfAYear) parts.emplace_back("month");
  for (const std::string& part : parts) {
    IdentityColumn identity;
    identity.source = column.name;
    identity.derive = part;
    identity.indicator = true;
    const std::string range = fmt::format("{} to {}", column.first, column.last);
    suggestion.columns.push_back(
        {fmt::format("{}_{}", name, part), std::move(identity), part == "weekday" ? range : ""});
    suggestion.text += (suggestion.text.empty() ? "" : ", ") + part;
  }
  suggestion.reason = fmt::format("{} to {}", column.first, column.last);
  if (column.hours > 2) {
    CrossedColumn crossed;
    crossed.of = {name + "_weekday", name + "_hour"};
    suggestion.columns.push_back({name + "_weekday_hour", std::move(crossed), "168 cells, each its own"});
    suggestion.text += ", weekday x hour";
  }
  return suggestion;
}

bool is_text(const ColumnProfile& column) {
  const double different = static_cast<double>(column.distinct) / static_cast<double>(column.values);
  const double words = column.shape.mean_words;
  return words >= 8 || (words >= 2.5 && different >= 0.3 && column.distinct > kIndicatorValues);
}

/// Another value in every row: nothing that could be learned from it would come again.
bool is_row_key(const ColumnProfile& column) {
  constexpr std::int64_t kFewest = 20;
  if (!column.exact || column.distinct != column.values || column.values < kFewest) return false;
  if (column.type == ColumnType::kString) return true;
  const NumberProfile& numbers = *column.numbers;
  const bool counts_rows = numbers.max - numbers.min < 2 * static_cast<double>(column.rows);
  return is_key_name(column.name) || counts_rows;
}

}  // namespace

std::string short_number(double value) {
  constexpr double kLongest = 1e15;
  const double size = std::abs(value);
  if (size < kLongest && (size >= 1000 || value == std::round(value))) return fmt::format("{:.0f}", value);
  return fmt::format("{:.4g}", value);
}

std::string spec_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool bare = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    if (bare || (c == '_' && !out.ends_with('_'))) {
      out += c;
    } else if (!out.ends_with('_')) {
      out += '_';
    }
  }
  return out;
}

bool is_key_name(std::string_view name) {
  const std::vector<std::string> words = words_of_name(name);
  if (words.size() == 2 && words[0] == "c" && words[1].find_first_not_of("0123456789") == std::string::npos)
    return true;
  return is_named(name, {"id",        "ids",  "key",   "code",  "zip",     "zipcode", "postcode", "postal",  "type",
                         "category",  "cat",  "group", "brand", "channel", "device",  "region",   "store",   "shop",
                         "sku",       "asin", "isbn",  "user",  "userid",  "item",    "itemid",   "movieid", "product",
                         "productid", "uuid", "guid",  "hash",  "cluster", "segment"});
}

ColumnSuggestion suggest_column(const ColumnProfile& column) {
  if (column.values == 0) return leave_out("no values");
  if (static_cast<double>(column.missing) > kAlmostAll * static_cast<double>(column.rows)) {
    return leave_out("hardly any values");
  }
  if (column.distinct == 1 && column.missing == 0) return leave_out("the same value in every row");
  switch (column.time) {
    case TimeForm::kText:
    case TimeForm::kCount:
    case TimeForm::kDigits:
      return suggest_time(column);
    case TimeForm::kOther:
      return leave_out("dates that are not written as ISO 8601");
    case TimeForm::kNone:
      break;
  }
  if (column.type == ColumnType::kNumber) return suggest_number(column);
  if (column.shape.json_list) return leave_out("JSON lists: JSON Lines or data.query can read them");
  if (column.cells == Cells::kSingle && column.shape.split.empty()) {
    if (column.type == ColumnType::kString && is_text(column)) return suggest_text(column);
    if (is_row_key(column)) return leave_out("another value in every row");
  }
  if (!column.shape.split.empty()) return suggest_keys(column, column.distinct_parts);
  const bool keys = column.type == ColumnType::kString || column.cells == Cells::kList || column.codes ||
                    (is_key_name(column.name) && !is_flag(column));
  return keys ? suggest_keys(column, column.distinct) : suggest_number(column);
}

}  // namespace kin
