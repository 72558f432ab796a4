#include "kinspace/features/vocabulary.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/base/twins.h"
#include "kinspace/data/parse_number.h"
#include "kinspace/features/suggest.h"

namespace kin {
namespace {

constexpr std::int64_t kMaxRows = 0x7FFFFFFF;
constexpr int kScans = 32;  // of all keys, which cost about as much as their index

// A key with its count, and the begin of what it is sorted by, so that few comparisons have to look at the key.
struct Candidate {
  std::int64_t count;
  std::uint64_t prefix;
  std::int64_t key;
};

std::uint64_t sort_prefix(const KeyList& keys, std::int64_t i) {
  if (keys.integers()) return static_cast<std::uint64_t>(keys.integer(i)) ^ (std::uint64_t{1} << 63);
  const std::string& key = keys.string(i);
  std::uint64_t prefix = 0;
  for (std::size_t k = 0; k < 8; ++k) {
    prefix = prefix << 8 | (k < key.size() ? static_cast<unsigned char>(key[k]) : 0);
  }
  return prefix;
}

KeyList pick(const KeyList& keys, std::span<const std::int64_t> chosen) {
  if (keys.integers()) {
    std::vector<std::int64_t> picked;
    picked.reserve(chosen.size());
    for (const std::int64_t i : chosen) picked.push_back(keys.integer(i));
    return KeyList(std::move(picked));
  }
  std::vector<std::string> picked;
  picked.reserve(chosen.size());
  for (const std::int64_t i : chosen) picked.push_back(keys.string(i));
  return KeyList(std::move(picked));
}

}  // namespace

Vocabulary Vocabulary::learn(const std::string& column, const KeyList& keys, std::span<const std::int64_t> counts,
                             const VocabularyLimits& limits) {
  KIN_ASSERT(keys.size() == static_cast<std::int64_t>(counts.size()));
  const std::int64_t least = std::max<std::int64_t>(1, limits.min_count);
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (counts[i] >= least) candidates.push_back({counts[i], sort_prefix(keys, at), at});
  }
  if (candidates.empty()) {
    const std::int64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
    throw Error::bad_data(
        fmt::format("no value of column {} occurs {} times in the training events; the most frequent of {} "
                    "values occurs {} times",
                    quoted(column), with_thousands(least), with_thousands(keys.size()), with_thousands(most)),
        fmt::format("lower min_count of column {}", column));
  }
  std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
    if (a.count != b.count) return a.count > b.count;
    return a.prefix != b.prefix ? a.prefix < b.prefix : keys.less(a.key, b.key);
  });
  std::vector<std::int64_t> order(candidates.size());
  std::transform(candidates.begin(), candidates.end(), order.begin(), [](const Candidate& c) { return c.key; });
  if (limits.max_size > 0 && static_cast<std::int64_t>(order.size()) > limits.max_size) {
    order.resize(static_cast<std::size_t>(limits.max_size));
  }
  if (static_cast<std::int64_t>(order.size()) > kMaxRows) {
    throw Error::bad_data(
        fmt::format("column {} has {} values; a vocabulary holds at most {}", quoted(column),
                    with_thousands(static_cast<std::int64_t>(order.size())), with_thousands(kMaxRows)),
        "set max_size or raise min_count");
  }
  std::vector<std::int64_t> chosen_counts;
  chosen_counts.reserve(order.size());
  for (const std::int64_t i : order) chosen_counts.push_back(counts[static_cast<std::size_t>(i)]);
  return Vocabulary(pick(keys, order), std::move(chosen_counts));
}

struct Vocabulary::Lookup {
  std::once_flag once;
  std::atomic<int> scans = 0;
  std::optional<KeyIndex> index;
};

Vocabulary::Vocabulary() : lookup_(std::make_unique<Lookup>()) {}
Vocabulary::~Vocabulary() = default;
Vocabulary::Vocabulary(Vocabulary&&) noexcept = default;
Vocabulary& Vocabulary::operator=(Vocabulary&&) noexcept = default;

Vocabulary::Vocabulary(KeyList keys, std::vector<std::int64_t> counts)
    : keys_(std::move(keys)), counts_(std::move(counts)), lookup_(std::make_unique<Lookup>()) {
  if (static_cast<std::int64_t>(counts_.size()) != keys_.size() || keys_.size() > kMaxRows) {
    throw Error::corruption(fmt::format("the vocabulary has {} keys and {} counts", keys_.size(), counts_.size()));
  }
  if (const auto twins = keys_.integers() ? find_twins(keys_.all_integers()) : find_twins(keys_.all_strings())) {
    const auto [first, second] = *twins;
    throw Error::corruption(fmt::format("the vocabulary holds the key {} twice, in rows {} and {}",
                                        quoted(key(static_cast<std::int64_t>(first))), first, second));
  }
  for (std::int64_t row = 0; row < keys_.size(); ++row) {
    if (count(row) < 0)
      throw Error::corruption(fmt::format("the vocabulary counts {} of the key {}", count(row), quoted(key(row))));
  }
}

const KeyIndex& Vocabulary::index() const {
  std::call_once(lookup_->once, [&] {
    KeyIndex index(keys_.integers());
    for (const std::int64_t key : keys_.all_integers()) index.insert(key);
    for (const std::string& key : keys_.all_strings()) index.insert(key);
    lookup_->index.emplace(std::move(index));
    lookup_->scans = kScans;
  });
  return *lookup_->index;
}

template <class Key, class Wanted>
std::int64_t Vocabulary::row_of(std::span<const Key> keys, Wanted wanted) const {
  if (lookup_->scans.load(std::memory_order_relaxed) >= kScans) return index().find(wanted);
  lookup_->scans.fetch_add(1, std::memory_order_relaxed);
  const auto at = std::find(keys.begin(), keys.end(), wanted);
  return at == keys.end() ? -1 : at - keys.begin();
}

std::string Vocabulary::label(std::int64_t row) const {
  const bool labelled = !labels_.empty() && !labels_[static_cast<std::size_t>(row)].empty();
  return labelled ? labels_[static_cast<std::size_t>(row)] : key(row);
}

std::optional<std::int64_t> Vocabulary::find(std::string_view key) const {
  std::int64_t row = -1;
  if (keys_.integers()) {
    std::int64_t integer = 0;
    const Parsed parsed = parse_integer(key, integer);
    if (parsed == Parsed::kOk || parsed == Parsed::kLeadingZero) row = row_of(keys_.all_integers(), integer);
  } else {
    row = row_of(keys_.all_strings(), key);
  }
  if (row < 0) return std::nullopt;
  return row;
}

std::vector<std::int32_t> Vocabulary::rows_of(const KeyList& keys, std::int32_t unknown) const {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(keys.size()));
  const KeyIndex& index = this->index();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    std::int64_t row = -1;
    if (keys.integers() == keys_.integers()) {
      row = keys.integers() ? index.find(keys.integer(at)) : index.find(keys.string(at));
    } else {
      row = find(keys.text(at)).value_or(-1);
    }
    rows[i] = row < 0 ? unknown : static_cast<std::int32_t>(row);
  }
  return rows;
}

void Vocabulary::set_labels(std::vector<std::string> labels) {
  if (!labels.empty() && static_cast<std::int64_t>(labels.size()) != size()) {
    throw Error::corruption(fmt::format("the vocabulary has {} rows and {} labels", size(), labels.size()));
  }
  labels_ = std::move(labels);
  by_label_.clear();
  for (std::size_t row = 0; row < labels_.size(); ++row) {
    if (!labels_[row].empty()) by_label_.push_back(static_cast<std::int32_t>(row));
  }
  std::sort(by_label_.begin(), by_label_.end(), [this](std::int32_t a, std::int32_t b) {
    const int order = compare_ignoring_case(labels_[static_cast<std::size_t>(a)], labels_[static_cast<std::size_t>(b)]);
    return order != 0 ? order < 0 : a < b;
  });
}

std::int64_t Vocabulary::resolve(std::string_view text) const {
  if (const auto row = find(text)) return *row;
  const auto label_of = [this](std::int32_t row) -> std::string_view { return labels_[static_cast<std::size_t>(row)]; };
  const auto first = std::lower_bound(
      by_label_.begin(), by_label_.end(), text,
      [&](std::int32_t row, std::string_view t) { return compare_ignoring_case(label_of(row), t) < 0; });
  const auto last = std::find_if(first, by_label_.end(),
                                 [&](std::int32_t row) { return compare_ignoring_case(label_of(row), text) != 0; });
  std::vector<std::int32_t> exact;
  std::copy_if(first, last, std::back_inserter(exact), [&](std::int32_t row) { return label_of(row) == text; });
  const std::vector<std::int32_t> candidates = exact.empty() ? std::vector<std::int32_t>(first, last) : exact;
  if (candidates.size() == 1) return candidates[0];
  if (!candidates.empty()) refuse_ambiguous(text, candidates);
  throw Error::not_found(
      fmt::format("the vocabulary has no {}{}", labels_.empty() ? "key " : "key or label ", quoted(text)) +
          suggestions(text),
      "keys are the values of the training data that occur often enough");
}

void Vocabulary::refuse_ambiguous(std::string_view text, std::span<const std::int32_t> rows) const {
  constexpr std::size_t kListed = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(rows.size(), kListed); ++i) {
    list += fmt::format("{}{} {} (seen {} times)", i == 0 ? "" : ", ", key(rows[i]),
                        quoted(labels_[static_cast<std::size_t>(rows[i])]), with_thousands(count(rows[i])));
  }
  if (rows.size() > kListed) list += fmt::format(" and {} more", rows.size() - kListed);
  throw Error::invalid_argument(fmt::format("{} rows have the label {}: {}", rows.size(), quoted(text), list),
                                "give the key instead");
}

// ", did you mean ...?" or what else helps.
std::string Vocabulary::suggestions(std::string_view text) const {
  std::int64_t integer = 0;
  if (keys_.integers() && size() > 0 && parse_integer(text, integer) != Parsed::kOther) {
    return nearest_integers(integer, keys_);
  }
  if (labels_.empty() && keys_.integers()) return "; keys are integers";
  return suggest_text(text, size(), [this](std::int64_t row) {
    const bool labelled = !labels_.empty() && !labels_[static_cast<std::size_t>(row)].empty();
    return labelled           ? std::string_view(labels_[static_cast<std::size_t>(row)])
           : keys_.integers() ? std::string_view()
                              : std::string_view(keys_.string(row));
  });
}

}  // namespace kin
