#include "apps/cli/inspect_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

constexpr std::size_t kNameWidth = 24;
constexpr std::size_t kValuesWidth = 40;

/// At most so many characters.
std::string shortened(std::string_view text, std::size_t width) {
  std::size_t characters = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && ++characters > width) break;
    ++end;
  }
  if (end == text.size()) return std::string(text);
  std::size_t cut = end;
  do --cut;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80);
  return std::string(text.substr(0, cut)) + "\u2026";
}

std::string percent(double share) {
  const double value = 100 * share;
  if (value == 0) return "0%";
  if (value > 0 && value < 0.05) return "<0.1%";
  if (value < 100 && value >= 99.95) return ">99.9%";
  return fmt::format("{:.1f}%", value);
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string type_name(const ColumnProfile& column) {
  std::string type(column_type_name(column.type));
  if (column.cells != Cells::kSingle) return type + "s";
  if (column.time == TimeForm::kText || column.time == TimeForm::kCount || column.time == TimeForm::kDigits)
    return "time";
  if (column.values == 0) return "empty";
  return type;
}

std::string time_name(TimeForm time) {
  switch (time) {
    case TimeForm::kText:
      return "text";
    case TimeForm::kCount:
      return "count";
    case TimeForm::kDigits:
      return "digits";
    case TimeForm::kOther:
      return "other";
    case TimeForm::kNone:
      break;
  }
  return "";
}

/// A bar for each bin, eight heights; a blank where there is nothing.
std::string bars(const std::vector<std::int64_t>& histogram) {
  constexpr const char* kBars[] = {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
  const std::int64_t most = *std::max_element(histogram.begin(), histogram.end());
  std::string out;
  for (const std::int64_t count : histogram) {
    out += kBars[static_cast<std::size_t>(std::ceil(8 * share(count, most)))];
  }
  return out;
}

std::string frequent(const std::vector<ValueCount>& top, std::int64_t values) {
  std::string out;
  for (const ValueCount& entry : top) {
    const std::string text = fmt::format("{}{} ({})", out.empty() ? "" : ", ", shortened(entry.value, 28),
                                         percent(share(entry.count, values)));
    if (!out.empty() && out.size() + text.size() > kValuesWidth) break;
    out += text;
  }
  return out;
}

/// What a column holds, in a few words.
std::string in_short(const ColumnProfile& column) {
  if (column.values == 0) return "";
  if (column.time != TimeForm::kNone && column.time != TimeForm::kOther) {
    constexpr std::size_t kDate = 10;
    const bool dates = column.days > 2;
    return fmt::format("{} .. {}", dates ? column.first.substr(0, kDate) : column.first,
                       dates ? column.last.substr(0, kDate) : column.last);
  }
  const bool different = column.distinct == column.values && column.values > 1;
  const std::string suggested = suggest_column(column).text;
  const bool keys = !suggested.starts_with("numeric") && !different;
  if (column.numbers && (!keys || column.type == ColumnType::kNumber)) {
    return fmt::format("{} {} {}", short_number(column.numbers->min), bars(column.numbers->histogram),
                       short_number(column.numbers->max));
  }
  if (!column.shape.split.empty()) return frequent(column.top_parts, column.parts);
  if (different || suggested == "text") return quoted(shortened(column.top.front().value, kValuesWidth - 2));
  return frequent(column.top, column.values);
}

std::string list_json(const std::vector<ValueCount>& values) {
  std::string out = "[";
  for (const ValueCount& entry : values) {
    out +=
        fmt::format("{}{{\"value\":{},\"count\":{}}}", out.size() > 1 ? "," : "", json_quote(entry.value), entry.count);
  }
  return out + "]";
}

template <class T>
std::string list_json(const std::vector<T>& values) {
  std::string out = "[";
  for (const T& value : values) out += (out.size() > 1 ? "," : "") + cell_json(Cell(value));
  return out + "]";
}

std::string numbers_json(const NumberProfile& numbers) {
  std::string quantiles = "{";
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    quantiles += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", kQuantiles[i], cell_json(numbers.quantiles[i]));
  }
  return fmt::format(
      "{{\"min\":{},\"max\":{},\"mean\":{},\"std\":{},\"zeros\":{},\"negatives\":{},\"quantiles\":{}}},"
      "\"histogram\":{{\"low\":{},\"high\":{},\"counts\":{}}}}}",
      cell_json(numbers.min), cell_json(numbers.max), cell_json(numbers.mean), cell_json(numbers.deviation),
      numbers.zeros, numbers.negatives, quantiles, cell_json(numbers.low), cell_json(numbers.high),
      list_json(numbers.histogram));
}

std::string collisions_json(const Collisions& collisions) {
  return fmt::format("{{\"buckets\":{},\"expected\":{},\"actual\":{}}}", collisions.buckets,
                     cell_json(collisions.expected),
                     collisions.actual ? fmt::format("{}", *collisions.actual) : "null");
}

std::string columns_json(const ColumnSuggestion& suggestion) {
  std::string out = "{";
  for (const auto& [name, column, comment] : suggestion.columns) {
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json_quote(name), json_quote(column_kind(column)));
  }
  return out + "}";
}

Cell text_or_nothing(const std::string& text) {
  return text.empty() ? Cell() : Cell(text);
}

std::vector<Cell> machine_row(const ColumnProfile& c) {
  const ColumnSuggestion suggestion = suggest_column(c);
  const std::int64_t keys = c.shape.split.empty() ? c.distinct : c.distinct_parts;
  const bool numeric = suggestion.text.starts_with("numeric");
  return {c.name,
          type_name(c),
          c.rows,
          c.missing,
          c.values,
          c.distinct,
          c.exact,
          c.top_share(),
          c.zipf > 0 ? Cell(c.zipf) : Cell(),
          suggestion.text,
          suggestion.reason,
          numeric || c.values == 0 ? Cell() : Cell(rule_of_thumb_dim(keys)),
          Json{list_json(c.top)},
          c.numbers ? Cell(Json{numbers_json(*c.numbers)}) : Cell(),
          text_or_nothing(time_name(c.time)),
          text_or_nothing(c.first),
          text_or_nothing(c.last),
          text_or_nothing(c.shape.split),
          text_or_nothing(c.shape.pair),
          c.shape.split.empty() ? Cell() : Cell(c.distinct_parts),
          c.shape.split.empty() ? Cell() : Cell(Json{list_json(c.top_parts)}),
          c.type == ColumnType::kString ? Cell(c.shape.mean_words) : Cell(),
          c.type == ColumnType::kString ? Cell(c.shape.leading_zeros) : Cell(),
          c.dense,
          c.collisions ? Cell(Json{collisions_json(*c.collisions)}) : Cell(),
          Json{columns_json(suggestion)}};
}

}  // namespace

Report inspect_report(const TableProfile& table, bool machine) {
  Report report{"kin.inspect/1", {}, {}, {}};
  report.fields = {{"table", table.name},
                   {"row_count", table.rows},
                   {"column_count", static_cast<std::int64_t>(table.columns.size())},
                   {"bad_rows", table.bad_rows}};
  if (machine) {
    report.columns = {{"column"},    {"type"},       {"rows"},          {"missing"}, {"values"},
                      {"distinct"},  {"exact"},      {"top_share"},     {"zipf"},    {"suggested"},
                      {"reason"},    {"dim"},        {"top"},           {"numbers"}, {"time"},
                      {"first"},     {"last"},       {"split"},         {"pair"},    {"distinct_parts"},
                      {"top_parts"}, {"mean_words"}, {"leading_zeros"}, {"dense"},   {"collisions"},
                      {"columns"}};
    for (const ColumnProfile& column : table.columns) report.rows.push_back(machine_row(column));
    return report;
  }
  report.columns = {{"column"}, {"type"}, {"missing"}, {"distinct"}, {"values"}, {"suggested"}};
  for (const ColumnProfile& c : table.columns) {
    const std::int64_t distinct = c.shape.split.empty() ? c.distinct : c.distinct_parts;
    report.rows.push_back({shortened(c.name, kNameWidth), type_name(c), percent(share(c.missing, c.rows)),
                           c.exact ? Cell(distinct) : Cell(fmt::format("~{}", distinct)),
                           shortened(in_short(c), kValuesWidth), suggest_column(c).text});
  }
  return report;
}

Report inspect_column_report(const ColumnProfile& c) {
  const ColumnSuggestion suggestion = suggest_column(c);
  Report report{"kin.inspect/1", {}, {}, {}};
  const auto add = [&](std::string name, std::string text) {
    report.fields.emplace_back(std::move(name), std::move(text));
  };
  add("column", c.name);
  add("type", type_name(c));
  add("rows", with_thousands(c.rows));
  add("missing", fmt::format("{} ({})", with_thousands(c.missing), percent(share(c.missing, c.rows))));
  add("distinct", fmt::format("{}{}", c.exact ? "" : "about ", with_thousands(c.distinct)));
  if (c.exact && c.singles > 0) add("seen once", with_thousands(c.singles));
  if (c.zipf > 0) add("skew", fmt::format("frequency ~ rank^-{:.2f} (Zipf)", c.zipf));
  if (c.time != TimeForm::kNone) add("time", fmt::format("{} .. {}", c.first, c.last));
  if (!c.shape.split.empty()) {
    add("values in a cell", fmt::format("{:.1f} on average, between \"{}\"{}", c.shape.mean_values, c.shape.split,
                                        c.shape.pair.empty() ? "" : ", with weights behind \"" + c.shape.pair + "\""));
    add("distinct values", with_thousands(c.distinct_parts));
  }
  if (c.type == ColumnType::kString && c.values > 0) {
    add("words", fmt::format("{:.1f} in a cell, {:.0f} bytes", c.shape.mean_words, c.shape.mean_bytes));
    if (c.shape.leading_zeros > 0) add("leading zeros", percent(c.shape.leading_zeros));
  }
  if (c.numbers && suggestion.text.starts_with("numeric")) {
    const NumberProfile& n = *c.numbers;
    add("mean", fmt::format("{:.6g}, standard deviation {:.6g}", n.mean, n.deviation));
    if (n.zeros > 0) add("zeros", fmt::format("{} ({})", with_thousands(n.zeros), percent(share(n.zeros, c.values))));
    if (n.negatives > 0) add("negative", with_thousands(n.negatives));
    add("min", short_number(n.min));
    for (std::size_t i = 0; i < kQuantiles.size(); ++i)
      add(fmt::format("{:.0f}%", 100 * kQuantiles[i]), short_number(n.quantiles[i]));
    add("max", short_number(n.max));
    const std::int64_t most = *std::max_element(n.histogram.begin(), n.histogram.end());
    const double step = (n.high - n.low) / static_cast<double>(n.histogram.size());
    for (std::size_t i = 0; i < n.histogram.size() && n.high > n.low; ++i) {
      constexpr double kLongest = 40;
      std::string bar;
      const auto length = static_cast<int>(std::ceil(kLongest * share(n.histogram[i], most)));
      for (int k = 0; k < length; ++k) bar += "\u2588";
      add(fmt::format("from {}", short_number(n.low + step * static_cast<double>(i))),
          fmt::format("{}{}{}", bar, bar.empty() ? "" : " ", with_thousands(n.histogram[i])));
    }
  }
  const bool split = !c.shape.split.empty();
  for (const ValueCount& entry : split ? c.top_parts : c.top) {
    add(quoted(entry.value),
        fmt::format("{} ({})", with_thousands(entry.count), percent(share(entry.count, split ? c.parts : c.values))));
  }
  if (c.collisions) {
    add("collisions",
        fmt::format("in {} buckets {:.1f} expected{}", with_thousands(c.collisions->buckets), c.collisions->expected,
                    c.collisions->actual ? fmt::format(", {}", with_thousands(*c.collisions->actual)) : ""));
  }
  add("suggested", suggestion.text);
  add("because", suggestion.reason);
  return report;
}

}  // namespace kin::cli
