#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"
#include "kinspace/features/fingerprint.h"
#include "kinspace/features/internal/id_maker.h"
#include "kinspace/features/internal/key_numbers.h"

namespace kin::internal {
namespace {

constexpr std::uint32_t kOutOfVocabulary = 0xFFFFFFFF;

// What values out of vocabulary become.
class OovRule {
 public:
  explicit OovRule(const VocabularyRules& rules)
      : default_(rules.default_value),
        more_(rules.oov_row ? 1 : rules.oov_buckets),
        modulus_(more_ > 0 ? static_cast<std::uint64_t>(more_) : 1),
        fixed_(more_ == 0) {}

  std::int64_t more() const noexcept { return more_; }

  template <class Key>
  std::int64_t id(std::int64_t size, Key key) const noexcept {
    return fixed_ ? default_ : size + static_cast<std::int64_t>(more_ == 1 ? 0 : modulus_.of(fingerprint64(key)));
  }

 private:
  std::int64_t default_;
  std::int64_t more_;  // rows behind those of the vocabulary
  Modulus modulus_;
  bool fixed_;
};

// A vocabulary and, for dense integer keys, their rows by place.
struct KeyTable {
  explicit KeyTable(const Vocabulary* vocabulary) : rows(vocabulary) {
    if (!rows->keys().integers()) return;
    for (std::int64_t row = 0; row < rows->size(); ++row) {
      direct.insert(rows->keys().integer(row), static_cast<std::uint32_t>(row), rows->size());
    }
  }
  const Vocabulary* rows;
  DirectKeys direct;
};

class VocabularyIds final : public IdMaker {
 public:
  VocabularyIds(VocabularyRules rules, std::shared_ptr<const Vocabulary> given, bool text_keys)
      : rules_(std::move(rules)), oov_(rules_), given_(std::move(given)), text_keys_(text_keys) {
    if (given_) use(given_.get());
  }
  VocabularyIds(VocabularyRules rules, const Vocabulary* learned) : rules_(std::move(rules)), oov_(rules_) {
    if (learned != nullptr) use(learned);
  }

  std::unique_ptr<IdMaker> clone() const override { return std::make_unique<VocabularyIds>(*this); }
  std::int64_t num_buckets() const noexcept override { return fitted() ? keys_->rows->size() + oov_.more() : 0; }
  const Vocabulary* vocabulary() const noexcept override { return fitted() ? keys_->rows : nullptr; }
  bool fitted() const noexcept override { return keys_ != nullptr; }

  void bind(bool integers) override;
  void make(const Values& values, const BatchRows& rows, std::vector<std::int64_t>& ids) override;
  void learn(const Values& values) override;
  void finish(FittedColumn& out) override;
  void make_provisional(const Values& values, const std::vector<std::uint8_t>& training,
                        std::vector<std::int64_t>& ids) override;
  const std::vector<std::uint32_t>& renumbering() const noexcept override { return renumbering_; }

 private:
  void use(const Vocabulary* vocabulary) {
    keys_ = std::make_shared<const KeyTable>(vocabulary);
    memo_ = KeyMemo(vocabulary->size());
  }
  KeyCounter& counter(bool integers);

  VocabularyRules rules_;
  OovRule oov_;
  std::shared_ptr<const Vocabulary> given_;
  bool text_keys_ = false;
  std::shared_ptr<const KeyTable> keys_;  // null until it is fitted
  KeyMemo memo_;                          // of ids
  Unknown<std::int64_t> unknown_integers_;
  Unknown<std::string_view> unknown_strings_;
  std::shared_ptr<KeyCounter> counter_;  // while it learns
  bool provisional_ = false;
  std::vector<std::int64_t> numbers_;
  std::vector<std::uint32_t> renumbering_;
};

// A vocabulary given as text is one of integers when the data are, as TensorFlow's dtype says.
void VocabularyIds::bind(bool integers) {
  if (!given_ || text_keys_ || given_->keys().integers() == integers) return;
  const KeyList& keys = given_->keys();
  if (!integers) return;
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(keys.size()));
  for (std::int64_t i = 0; i < keys.size(); ++i) {
    const Parsed parsed = parse_integer(keys.string(i), numbers[static_cast<std::size_t>(i)]);
    if (parsed != Parsed::kOk && parsed != Parsed::kLeadingZero) {
      throw Error::invalid_argument(fmt::format("columns.{}: the data have integers, and {} of its vocabulary is none",
                                                toml_key(rules_.column), quoted(keys.string(i))),
                                    "set data.types of that column to \"string\"");
    }
  }
  KeyIndex seen(true);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (seen.insert(numbers[i]) == i) continue;
    throw Error::invalid_argument(
        fmt::format("columns.{}: its vocabulary holds the integer {} twice", toml_key(rules_.column), numbers[i]));
  }
  given_ = std::make_shared<const Vocabulary>(KeyList(std::move(numbers)), given_->counts());
  use(given_.get());
}

void VocabularyIds::make(const Values& values, const BatchRows& /*rows*/, std::vector<std::int64_t>& ids) {
  const Vocabulary& vocabulary = *keys_->rows;
  const KeyIndex& index = vocabulary.index();
  const std::int64_t size = vocabulary.size();
  ids.resize(values.size());
  const auto id = [&](std::int64_t row, auto key) { return row >= 0 ? row : oov_.id(size, key); };
  if (!values.integers) {
    const auto row = [&](std::string_view key) {
      return index.integers() ? vocabulary.find(key).value_or(-1) : index.find(key);
    };
    find_strings(
        values, memo_, unknown_strings_, ids,
        [&](std::size_t i) { return id(row(values.string(i)), values.string(i)); },
        [&](std::span<const std::string_view> keys, std::span<std::int64_t> rows) {
          if (!index.integers()) index.find(keys, rows);
          for (std::size_t k = 0; k < keys.size(); ++k)
            rows[k] = id(index.integers() ? row(keys[k]) : rows[k], keys[k]);
        });
    return;
  }
  const auto find_text = [&](std::int64_t key) {
    const fmt::format_int text(key);
    return index.find(std::string_view(text.data(), text.size()));
  };
  find_integers(
      values.numbers, memo_, unknown_integers_, ids, [&](std::int64_t key) { return keys_->direct.find(key); },
      [&](std::span<const std::int64_t> keys, std::span<std::int64_t> rows) {
        if (index.integers()) index.find(keys, rows);
        for (std::size_t k = 0; k < keys.size(); ++k) {
          rows[k] = id(index.integers() ? rows[k] : find_text(keys[k]), keys[k]);
        }
      });
}

KeyCounter& VocabularyIds::counter(bool integers) {
  if (!counter_) counter_ = std::make_shared<KeyCounter>(integers);
  if (counter_->index().integers() != integers) {
    throw Error::invalid_argument(
        fmt::format("columns.{}: one table has integers, another one strings", toml_key(rules_.column)),
        "set data.types so that both have the same");
  }
  return *counter_;
}

void VocabularyIds::learn(const Values& values) {
  KeyCounter& keys = counter(values.integers);
  numbers_.resize(values.size());
  keys.number(values, numbers_);
  for (const std::int64_t number : numbers_) keys.count(number);
}

void VocabularyIds::make_provisional(const Values& values, const std::vector<std::uint8_t>& training,
                                     std::vector<std::int64_t>& ids) {
  provisional_ = true;
  KeyCounter& keys = counter(values.integers);
  ids.resize(values.size());
  keys.number(values, ids);
  if (std::find(training.begin(), training.end(), 0) == training.end()) {
    for (const std::int64_t id : ids) keys.count(id);
    return;
  }
  for (std::size_t row = 0; row < training.size(); ++row) {
    if (training[row] == 0) continue;
    const auto end = static_cast<std::size_t>(values.offsets[row + 1]);
    for (auto i = static_cast<std::size_t>(values.offsets[row]); i < end; ++i) keys.count(ids[i]);
  }
}

void VocabularyIds::finish(FittedColumn& out) {
  if (fitted()) return;
  KeyCounter none(false);
  const KeyCounter& keys = counter_ ? *counter_ : none;
  const KeyList list = keys.index().keys();
  out.vocabulary = Vocabulary::learn(rules_.column, list, keys.counts(), rules_.limits);
  use(&out.vocabulary);
  if (provisional_) {
    const std::int64_t size = out.vocabulary.size();
    const std::vector<std::int32_t> rows = out.vocabulary.rows_of(list, -1);
    renumbering_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::int64_t id = rows[i];
      if (id < 0) {
        const auto at = static_cast<std::int64_t>(i);
        id = list.integers() ? oov_.id(size, list.integer(at)) : oov_.id(size, std::string_view(list.string(at)));
      }
      renumbering_[i] = id < 0 ? kOutOfVocabulary : static_cast<std::uint32_t>(id);
    }
  }
  counter_.reset();
}

}  // namespace

std::unique_ptr<IdMaker> given_vocabulary_ids(VocabularyRules rules, std::shared_ptr<const Vocabulary> vocabulary,
                                              bool text_keys) {
  return std::make_unique<VocabularyIds>(std::move(rules), std::move(vocabulary), text_keys);
}

std::unique_ptr<IdMaker> learned_vocabulary_ids(VocabularyRules rules, const Vocabulary* vocabulary) {
  return std::make_unique<VocabularyIds>(std::move(rules), vocabulary);
}

}  // namespace kin::internal
