#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/histories.h"
#include "kinspace/data/key_index.h"

namespace kin {

/// Which values a vocabulary keeps.
struct VocabularyLimits {
  std::int64_t min_count = 1;  ///< values that occur less often are out of vocabulary
  std::int64_t max_size = 0;   ///< keeps the most frequent values; 0: all
};

/// The values of a categorical column that have a row of their own in an embedding table: key -> row.
///
/// Rows are ordered by falling count, then by key (integers by value, strings by their bytes). Integer keys are written
/// in decimal: "12" and "012" are both the key 12. A vocabulary may carry a label for each row, such as a title.
///
/// Threads  any number of readers.
class Vocabulary {
 public:
  Vocabulary();

  /// Learned from data: counts[i] is how often keys.key(i) occurs; values that never occur are left out too.
  /// Errors   kBadData when nothing is left, or `column` (named in it) has more values than 2^31.
  static Vocabulary learn(const std::string& column, const KeyList& keys, std::span<const std::int64_t> counts,
                          const VocabularyLimits& limits);

  /// As it was stored: row r has keys' r-th key and counts[r].
  /// Errors   kCorruption when the sizes differ, a key occurs twice or a count is negative.
  Vocabulary(KeyList keys, std::vector<std::int64_t> counts);
  ~Vocabulary();
  Vocabulary(Vocabulary&&) noexcept;
  Vocabulary& operator=(Vocabulary&&) noexcept;

  std::int64_t size() const noexcept { return keys_.size(); }
  const KeyList& keys() const noexcept { return keys_; }
  const KeyIndex& index() const;  ///< key -> row; made when it is asked for first
  const std::vector<std::int64_t>& counts() const noexcept { return counts_; }
  const std::vector<std::string>& labels() const noexcept { return labels_; }  ///< empty, or one a row

  std::string key(std::int64_t row) const { return keys_.text(row); }
  std::int64_t count(std::int64_t row) const noexcept { return counts_[static_cast<std::size_t>(row)]; }

  /// The label of a row, or its key where it has none.
  std::string label(std::int64_t row) const;

  /// The row of a key as text; nothing if it is out of vocabulary (or no integer, where keys are).
  /// Cost     that of a look at all keys for the first few, so that few need no index; O(1) from then on.
  std::optional<std::int64_t> find(std::string_view key) const;

  /// The row of each key of a list, `unknown` where it has none. Integer keys find string keys of the same text and the
  /// other way round.
  std::vector<std::int32_t> rows_of(const KeyList& keys, std::int32_t unknown) const;

  /// Errors   kCorruption unless there is none or one label a row. An empty label means none.
  void set_labels(std::vector<std::string> labels);

  /// The row that a person means by a key or a label: the key if there is one, else the label as it is written, else
  /// the label but for the case of ASCII letters. Errors   kInvalidArgument listing the candidates when several rows
  /// have that label; kNotFound with suggestions.
  std::int64_t resolve(std::string_view text) const;

 private:
  struct Lookup;

  template <class Key, class Wanted>
  std::int64_t row_of(std::span<const Key> keys, Wanted wanted) const;
  std::string suggestions(std::string_view text) const;
  [[noreturn]] void refuse_ambiguous(std::string_view text, std::span<const std::int32_t> rows) const;

  KeyList keys_;
  std::vector<std::int64_t> counts_;
  std::vector<std::string> labels_;
  std::unique_ptr<Lookup> lookup_;      // key -> row
  std::vector<std::int32_t> by_label_;  // rows with a label, by the label in lower case, then by row
};

}  // namespace kin
