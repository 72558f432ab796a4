#include "kinspace/estimator/draft_spec.h"

#include <fmt/core.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/spec_options.h"
#include "kinspace/profile/names.h"
#include "kinspace/profile/suggest_column.h"

namespace kin {
namespace {

/// What one does with items of that name.
std::string history_name(const std::string& item) {
  if (is_named(item, {"movie", "movieid", "video", "videoid", "show", "anime", "animeid"})) return "watched";
  if (is_named(item, {"product", "productid", "sku", "asin", "stockcode", "goods", "goodsid"})) return "bought";
  if (is_named(item, {"book", "bookid", "isbn", "article", "articleid"})) return "read";
  if (is_named(item, {"song", "songid", "track", "trackid", "artist", "artistid"})) return "heard";
  return "history";
}

void draft_recommender(const TableProfile& table, const RatingColumns& roles, SpecDraft& draft) {
  const ColumnProfile& group = table.columns[roles.group];
  const ColumnProfile& item = table.columns[roles.item];
  Spec& spec = draft.spec;
  draft.recommender = true;
  draft.head.push_back(fmt::format("Who chose what: {} of {} and {} of {} in {} rows.", with_thousands(group.distinct),
                                   group.name, with_thousands(item.distinct), item.name, with_thousands(table.rows)));
  spec.data.group_by = group.name;
  draft.comments["data.group_by"] = "rows of the same value are one history";
  if (roles.time) {
    const ColumnProfile& time = table.columns[*roles.time];
    spec.data.order_by = {time.name};
    if (time.time != TimeForm::kNone) draft.comments["data.order_by"] = fmt::format("{} to {}", time.first, time.last);
  } else {
    draft.head.emplace_back("No column says when: histories are in the order of the rows.");
  }
  if (roles.rating && table.columns[*roles.rating].numbers && table.columns[*roles.rating].distinct > 2) {
    const ColumnProfile& rating = table.columns[*roles.rating];
    draft.head.push_back(fmt::format("Every {} counts, low ones too; to keep what was liked: where = \"{} >= {:g}\".",
                                     rating.name, rating.name, rating.numbers->quantiles[3]));
  }
  const std::string name = history_name(item.name);
  VocabularyColumn column;
  column.source = item.name;
  constexpr std::int64_t kManyRows = 50'000;
  constexpr std::int64_t kEnough = 5;
  if (table.rows >= kManyRows && item.distinct * kEnough < table.rows) column.min_count = kEnough;
  column.embed.dim = table.rows >= kManyRows ? 64 : 32;
  spec.columns.emplace(name, column);
  draft.order.push_back(name);
  draft.comments["columns." + name + ".min_count"] = "rarer ones say too little";
  draft.comments["columns." + name + ".embed"] =
      fmt::format("the rule of thumb says {}", rule_of_thumb_dim(item.distinct));
  spec.head.target = name;
  constexpr std::int64_t kFewestGroups = 50;
  if (group.distinct >= kFewestGroups) {
    spec.split.valid = 0.1;
    spec.split.test = 0.1;
    draft.comments["split.valid"] = "share of the histories that is held out to watch the training";
    draft.comments["split.test"] = "share for kin evaluate";
  }
}

/// What kind of label a column is: two values are binary (the rarer one is class 1), strings and few codes are classes,
/// other numbers are a regression, of their logarithm where they are positive and far from even.
void draft_head(const ColumnProfile& column, SpecDraft& draft) {
  constexpr std::int64_t kMostClasses = 100;
  constexpr std::int64_t kFewCodes = 10;
  constexpr double kSkewed = 4;  // largest value over the median, from where a logarithm pays
  HeadOptions& head = draft.spec.head;
  head.target = column.name;
  const bool number = column.numbers.has_value() && column.type != ColumnType::kString;
  if (column.distinct < 2 || (!number && (column.distinct > kMostClasses || column.cells != Cells::kSingle))) {
    throw Error::invalid_argument(fmt::format("column {} has {} different values: nothing that can be predicted",
                                              quoted(column.name), with_thousands(column.distinct)),
                                  "take a column of numbers, or one of two to a hundred classes");
  }
  if (column.distinct == 2) {
    head.kind = "binary";
    const bool zero_one = number && column.numbers->min == 0 && column.numbers->max == 1;
    if (!zero_one) head.labels = {column.top[0].value, column.top[1].value};
    draft.comments["head.labels"] = "the second is what is predicted";
  } else if (!number || (column.type == ColumnType::kInteger && column.distinct <= kFewCodes)) {
    head.kind = "multi_class";
  } else {
    head.kind = "regression";
    const NumberProfile& numbers = *column.numbers;
    const double median = numbers.quantiles[numbers.quantiles.size() / 2];
    if (numbers.min >= 0 && median > 1 && numbers.max > kSkewed * median) {
      head.transform = "log1p";
      draft.comments["head.transform"] = "large values are far from the median; metrics are in the column's own unit";
    }
  }
  draft.spec.split.valid = 0.1;
  draft.spec.split.test = 0.1;
  draft.comments["split.valid"] = "share of the rows that is held out to watch the training";
  draft.comments["split.test"] = "share for kin evaluate";
}

/// Settings of the draft that differ from the defaults, by path, as TOML.
std::vector<std::pair<std::string, std::string>> own_settings(const Spec& spec) {
  Spec copy = spec;
  Spec plain;
  for (const auto& [name, column] : spec.columns) set_column_kind(plain.columns[name], column_kind(column));
  const std::vector<Option> options = list_options(copy);
  const std::vector<Option> defaults = list_options(plain);
  KIN_ASSERT(options.size() == defaults.size());
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string& path = options[i].path;
    const bool is_kind = path.starts_with("columns.") && path.ends_with(".kind");
    if (!is_kind && toml_text(options[i]) == toml_text(defaults[i])) continue;
    std::string text = toml_text(options[i]);
    const auto* list = std::get_if<std::vector<std::string>*>(&options[i].value);
    if (list != nullptr && (*list)->size() == 1) text = json_string((*list)->front());
    out.emplace_back(path, text);
  }
  return out;
}

/// The settings below `table`, those of a table inside it as one inline table.
std::vector<std::pair<std::string, std::string>> entries_below(
    const std::vector<std::pair<std::string, std::string>>& settings, const std::string& table) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [path, text] : settings) {
    if (!path.starts_with(table + ".")) continue;
    const std::string rest = path.substr(table.size() + 1);
    const std::size_t dot = rest.find('.');
    if (dot == std::string::npos) {
      out.emplace_back(rest, text);
      continue;
    }
    const std::string key = rest.substr(0, dot);
    const std::string entry = fmt::format("{} = {}", rest.substr(dot + 1), text);
    if (!out.empty() && out.back().first == key) {
      out.back().second.insert(out.back().second.size() - 2, ", " + entry);
    } else {
      out.emplace_back(key, fmt::format("{{ {} }}", entry));
    }
  }
  return out;
}

struct Line {
  std::string key;
  std::string value;
  std::string comment;
};

/// Lines "key = value  # comment", keys and comments below one another.
std::string aligned(const std::vector<Line>& lines) {
  constexpr std::size_t kWidest = 76;
  std::size_t keys = 0;
  std::size_t values = 0;
  for (const Line& line : lines) keys = std::max(keys, line.key.size());
  for (const Line& line : lines) {
    if (keys + line.value.size() <= kWidest) values = std::max(values, line.value.size());
  }
  std::string out;
  for (const Line& line : lines) {
    out += fmt::format("{:{}} = {}", line.key, keys, line.value);
    if (!line.comment.empty()) {
      if (line.value.size() < values) out.append(values - line.value.size(), ' ');
      out += "  # " + line.comment;
    }
    out += '\n';
  }
  return out;
}

std::string in_comment(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

}  // namespace

SpecDraft draft_spec(const TableProfile& table, const DataOptions& data, const std::string& target) {
  SpecDraft draft;
  draft.spec.data = data;
  if (target.empty()) {
    if (const auto roles = find_ratings(table)) {
      draft_recommender(table, *roles, draft);
      return draft;
    }
  }
  bool found = target.empty();
  for (const ColumnProfile& column : table.columns) {
    if (column.name == target) {
      found = true;
      draft.head.push_back(fmt::format("To predict: {} ({} values, {} rows without one).", target,
                                       with_thousands(column.distinct), with_thousands(column.missing)));
      draft_head(column, draft);
      continue;
    }
    const ColumnSuggestion suggestion = suggest_column(column);
    if (suggestion.columns.empty()) draft.out.push_back(fmt::format("{}: {}", column.name, suggestion.reason));
    for (const auto& [name, feature, comment] : suggestion.columns) {
      if (!draft.spec.columns.emplace(name, feature).second) {
        draft.out.push_back(fmt::format("{}: another column is called {} already", column.name, name));
        continue;
      }
      draft.order.push_back(name);
      draft.comments["columns." + name] = comment;
    }
  }
  if (!found) {
    std::vector<Field> fields;
    for (const ColumnProfile& column : table.columns) fields.push_back({.name = column.name});
    find_field(fields, target, table.name, "--target");
  }
  if (draft.spec.columns.empty()) {
    throw Error::invalid_argument(fmt::format("{} has no column to learn from", table.name),
                                  "kin inspect without --write-spec says why");
  }
  return draft;
}

std::string draft_toml(const SpecDraft& draft) {
  const auto settings = own_settings(draft.spec);
  const auto comment = [&](const std::string& path) {
    const auto found = draft.comments.find(path);
    return found == draft.comments.end() ? std::string() : in_comment(found->second);
  };
  std::string out;
  for (const std::string& line : draft.head) out += fmt::format("# {}\n", in_comment(line));
  out += "spec = 1\n";
  const auto add_table = [&](const std::string& table) {
    std::vector<Line> lines;
    for (const auto& [key, text] : entries_below(settings, table)) {
      lines.push_back({key, text, comment(fmt::format("{}.{}", table, key))});
    }
    if (!lines.empty()) out += fmt::format("\n[{}]\n", table) + aligned(lines);
  };
  add_table("data");
  if (draft.recommender) {
    for (const std::string& name : draft.order) add_table("columns." + name);
    add_table("head");
    add_table("split");
    return out;
  }
  add_table("head");
  add_table("split");
  std::vector<Line> lines;
  for (const std::string& name : draft.order) {
    const auto entries = entries_below(settings, "columns." + name);
    std::string value;
    for (const auto& [key, text] : entries) value += fmt::format("{}{} = {}", value.empty() ? "" : ", ", key, text);
    value = entries.size() == 1 ? entries[0].second : fmt::format("{{ {} }}", value);
    lines.push_back({name, value, comment("columns." + name)});
  }
  out += "\n[columns]\n" + aligned(lines);
  if (!draft.out.empty()) out += "\n# Left out:\n";
  for (const std::string& line : draft.out) out += "#   " + in_comment(line) + "\n";
  return out;
}

}  // namespace kin
