#include "kinspace/data/bad_rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

// 0.00123 as "0.12%", with as many digits as it takes to see that it is not zero.
std::string percent(double share) {
  return fmt::format("{:.2g}%", share * 100);
}

std::string list_of(const std::vector<BadRow>& rows, std::int64_t count) {
  std::string text;
  for (const BadRow& row : rows) text += fmt::format("\n  {}: {}", row.place, row.message);
  const std::int64_t more = count - static_cast<std::int64_t>(rows.size());
  if (more > 0) text += fmt::format("\n  and {} more", with_thousands(more));
  return text;
}

}  // namespace

BadRows::BadRows(Policy policy, double max_share, std::string rejects)
    : policy_(policy), max_share_(max_share), rejects_path_(std::move(rejects)) {
  if (policy_ == Policy::kError && !rejects_path_.empty()) {
    throw Error::invalid_argument("bad rows cannot go to a file where the first one is an error",
                                  "set data.on_bad = \"skip\" or \"report\" (--on-bad)");
  }
}

void BadRows::add(BadRow row, std::string_view raw) {
  if (policy_ == Policy::kError) throw Error::bad_data(fmt::format("{}: {}", row.place, row.message), row.fix);
  ++count_;
  if (shown_.size() < kShown) shown_.push_back(std::move(row));
  if (rejects_path_.empty()) return;
  if (rejects_ == nullptr) rejects_ = std::make_shared<AtomicFile>(rejects_path_);
  rejects_->write(raw);
  if (!raw.ends_with('\n')) rejects_->write("\n");
}

void BadRows::finish(std::int64_t rows, const std::string& table) {
  if (!rejects_path_.empty()) {
    if (rejects_ == nullptr) rejects_ = std::make_shared<AtomicFile>(rejects_path_);
    rejects_->commit();
    rejects_.reset();
  }
  if (count_ == 0) return;
  const double share = static_cast<double>(count_) / static_cast<double>(count_ + rows);
  if (rows == 0) {
    throw Error::bad_data(
        fmt::format("all {} rows of {} are bad:{}", with_thousands(count_), table, list_of(shown_, count_)),
        "check data.format, data.separator and data.types");
  }
  if (share > max_share_) {
    throw Error::bad_data(fmt::format("{} of {} rows of {} are bad ({}, at most {} are allowed by data.max_bad):{}",
                                      with_thousands(count_), with_thousands(count_ + rows), table, percent(share),
                                      percent(max_share_), list_of(shown_, count_)),
                          "correct them, or raise data.max_bad (--max-bad)");
  }
}

void BadRows::restart() {
  rejects_.reset();
  count_ = 0;
  shown_.clear();
}

BadRows::Policy parse_bad_rows_policy(const std::string& text) {
  const std::vector<std::string> names = {"error", "skip", "report"};
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) {
    throw Error::invalid_argument(fmt::format("data.on_bad is {}{}", quoted(text), did_you_mean(text, names)),
                                  "choose \"error\", \"skip\" or \"report\"");
  }
  return static_cast<BadRows::Policy>(found - names.begin());
}

double parse_share(const std::string& text) {
  const bool is_percent = text.ends_with('%');
  double value = 0;
  const Parsed parsed = parse_number(std::string_view(text).substr(0, text.size() - (is_percent ? 1 : 0)), value);
  if (is_percent) value /= 100;
  if (parsed != Parsed::kOk || !(value >= 0 && value <= 1)) {
    throw Error::invalid_argument(fmt::format("{} is no share of rows", quoted(text)),
                                  "write it as 0.1% or 0.001, from 0% to 100%");
  }
  return value;
}

}  // namespace kin
