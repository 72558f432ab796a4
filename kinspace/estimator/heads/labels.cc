#include "kinspace/estimator/heads/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

/// Rows of dense labels, or of lists of ids.
void check_rows(std::int64_t got, std::int64_t rows) {
  if (got != rows) throw Error::bad_data(fmt::format("there are labels of {} rows for {}", got, rows));
}

std::span<const std::int64_t> ids_of(const EncodedColumn& label, std::int64_t b) {
  const auto begin = static_cast<std::size_t>(label.offsets[static_cast<std::size_t>(b)]);
  const auto end = static_cast<std::size_t>(label.offsets[static_cast<std::size_t>(b) + 1]);
  return std::span(label.ids).subspan(begin, end - begin);
}

void check_offsets(const EncodedColumn& label, std::int64_t rows) {
  check_rows(static_cast<std::int64_t>(label.offsets.size()) - 1, rows);
  const auto count = static_cast<std::int64_t>(label.ids.size());
  const bool fit = label.offsets.front() == 0 && label.offsets.back() == count &&
                   std::is_sorted(label.offsets.begin(), label.offsets.end());
  if (!fit) throw Error::internal("the offsets of labels do not rise from 0 to their number");
}

void check_class(std::int64_t id, std::int64_t b, const LabelClasses& classes) {
  if (id >= 0 && id < classes.count()) return;
  if (classes.named()) throw Error::bad_data(fmt::format("row {}: the label is none of {}", b, classes.list()));
  throw Error::bad_data(fmt::format("row {}: the label {} is no class; there are {}", b, id, classes.list()));
}

}  // namespace

LabelClasses::LabelClasses(const HeadOptions& options, const std::string& path)
    : path_(path), names_(options.labels), count_(options.classes) {
  const std::set<std::string> distinct(names_.begin(), names_.end());
  if (distinct.size() != names_.size()) throw Error::invalid_argument(fmt::format("{}.labels has one twice", path));
  const auto given = static_cast<std::int64_t>(names_.size());
  if (given == 0) {
    learned_ = count_ == 0;
    return;
  }
  if (count_ != 0 && count_ != given) {
    throw Error::invalid_argument(
        fmt::format("{0}.classes is {1}, and {0}.labels has {2}; there is a label for each class", path, count_, given),
        fmt::format("leave out {}.classes", path));
  }
  count_ = given;
}

FeatureColumn LabelClasses::column(const HeadOptions& options, bool list) const {
  if (names_.empty() && !learned_) {
    return IdentityColumn{
        .source = options.target, .split = list ? options.split : std::string(), .size = count_, .missing = "null"};
  }
  return VocabularyColumn{.source = options.target,
                          .split = list ? options.split : std::string(),
                          .values = options.labels,
                          .missing = "null"};
}

void LabelClasses::bind(const EncodedInfo& info, const FittedColumn* fitted) {
  if (!info.categorical) {
    throw Error::invalid_argument(fmt::format("{}: labels are numbers; ids of classes are needed", path_));
  }
  if (learned_) {
    if (fitted == nullptr) throw Error::internal(fmt::format("{}: no labels were learned", path_));
    const Vocabulary& values = fitted->vocabulary;
    names_.clear();
    for (std::int64_t c = 0; c < values.size(); ++c) names_.push_back(values.key(c));
    count_ = values.size();
  }
  if (info.num_buckets != count_) {
    throw Error::invalid_argument(
        fmt::format("{}: labels have {} ids, and there are {} classes", path_, info.num_buckets, count_));
  }
}

void LabelClasses::bind_numbers(std::int64_t count) {
  names_.clear();
  count_ = count;
}

std::string LabelClasses::name(std::int64_t c) const {
  return named() ? names_[static_cast<std::size_t>(c)] : fmt::to_string(c);
}

std::optional<std::int64_t> LabelClasses::find(const std::string& name) const {
  if (named()) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return {};
    return found - names_.begin();
  }
  std::int64_t c = -1;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, c);
  if (parsed.ec != std::errc() || parsed.ptr != end || c < 0 || c >= count_) return {};
  return c;
}

std::string LabelClasses::list() const {
  constexpr std::size_t kMost = 8;
  if (!named()) return fmt::format("0 to {}", count_ - 1);
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(kMost, names_.size()); ++i) shown.push_back(quoted(names_[i]));
  if (names_.size() > kMost) shown.push_back(fmt::format("{} more", names_.size() - kMost));
  return fmt::format("{}", fmt::join(shown, ", "));
}

std::vector<std::string> label_source(const HeadOptions& options) {
  return options.target.empty() ? std::vector<std::string>{} : std::vector<std::string>{options.target};
}

void read_numbers(const EncodedColumn& label, std::int64_t width, double low, double high, RowTargets& targets) {
  const auto count = static_cast<std::int64_t>(label.dense.size());
  check_rows(count % width == 0 ? count / width : -1, targets.rows);
  targets.width = width;
  targets.numbers = label.dense;
  for (std::int64_t b = 0; b < targets.rows; ++b) {
    if (!targets.counts(b)) continue;
    for (std::int64_t k = 0; k < width; ++k) {
      const auto y = double(targets.row(b)[k]);
      if (y >= low && y <= high) continue;
      if (std::isnan(y)) throw Error::bad_data(fmt::format("row {}: there is no label", b));
      if (std::isinf(y)) throw Error::bad_data(fmt::format("row {}: the label is infinite", b));
      throw Error::bad_data(high >= double(std::numeric_limits<float>::max())
                                ? fmt::format("row {}: the label {} is below {}", b, y, low)
                                : fmt::format("row {}: the label {} is not from {} to {}", b, y, low, high));
    }
  }
}

void read_classes(const EncodedColumn& label, const LabelClasses& classes, RowTargets& targets) {
  check_offsets(label, targets.rows);
  targets.classes.resize(static_cast<std::size_t>(targets.rows));
  for (std::int64_t b = 0; b < targets.rows; ++b) {
    if (!targets.counts(b)) continue;
    const auto ids = ids_of(label, b);
    if (ids.empty()) throw Error::bad_data(fmt::format("row {}: there is no label", b));
    if (ids.size() > 1) {
      throw Error::bad_data(fmt::format("row {}: there are {} labels; a row has one class", b, ids.size()),
                            "use kind = \"multi_label\" for several");
    }
    check_class(ids[0], b, classes);
    targets.classes[static_cast<std::size_t>(b)] = ids[0];
  }
}

void read_indicator(const EncodedColumn& label, const LabelClasses& classes, RowTargets& targets) {
  check_offsets(label, targets.rows);
  targets.width = classes.count();
  targets.numbers.assign(static_cast<std::size_t>(targets.rows * targets.width), 0.0F);
  for (std::int64_t b = 0; b < targets.rows; ++b) {
    if (!targets.counts(b)) continue;
    for (const std::int64_t id : ids_of(label, b)) {
      check_class(id, b, classes);
      targets.numbers[static_cast<std::size_t>(b * targets.width + id)] = 1.0F;
    }
  }
}

std::optional<std::int64_t> cutoff(std::string_view name) {
  const std::size_t at = name.find('@');
  if (at == std::string_view::npos) return {};
  std::int64_t k = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + at + 1, end, k);
  if (parsed.ec != std::errc() || parsed.ptr != end || k < 1) return {};
  return k;
}

bool takes_metric(std::span<const std::string> known, std::string_view name) {
  return std::any_of(known.begin(), known.end(), [&](std::string_view k) {
    if (!k.ends_with("@K")) return k == name;
    return name.starts_with(k.substr(0, k.size() - 1)) && cutoff(name).has_value();
  });
}

bool wanted(std::span<const std::string> extra, std::string_view name) {
  return std::find(extra.begin(), extra.end(), name) != extra.end();
}

}  // namespace kin
