#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"
#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/values.h"

namespace kin::internal {

/// Makes ids of the values of a categorical column.
class IdMaker {
 public:
  virtual ~IdMaker() = default;
  virtual std::unique_ptr<IdMaker> clone() const = 0;

  /// Says whether the values will be integers. Errors   kInvalidArgument.
  virtual void bind(bool /*integers*/) {}

  /// One id a value. Errors   kBadData naming row, column and value.
  virtual void make(const Values& values, const BatchRows& rows, std::vector<std::int64_t>& ids) = 0;

  /// Ids are below it, once fitted().
  virtual std::int64_t num_buckets() const noexcept = 0;
  virtual const Vocabulary* vocabulary() const noexcept { return nullptr; }

  virtual bool fitted() const noexcept { return true; }
  virtual void learn(const Values& /*values*/) {}

  /// What it learns becomes `out`, which outlives it. Errors   kBadData when there is nothing.
  virtual void finish(FittedColumn& /*out*/) {}

  /// Numbers by order of arrival in place of ids, for a maker that is not fitted; counts the values whose row is in
  /// `training` (one byte a row) for what is learned.
  virtual void make_provisional(const Values& /*values*/, const std::vector<std::uint8_t>& /*training*/,
                                std::vector<std::int64_t>& /*ids*/) {}

  /// After finish(): the id of each provisional one, kOutOfVocabulary for none. Empty where there were none.
  virtual const std::vector<std::uint32_t>& renumbering() const noexcept;
};

/// Fingerprints modulo `buckets`. Errors   kInvalidArgument: buckets below 1, a salt that is not two integers.
std::unique_ptr<IdMaker> hash_ids(const std::string& column, std::int64_t buckets,
                                  const std::vector<std::int64_t>& salt);

/// The values themselves. Errors   kInvalidArgument: a size below 1, a default that is no id.
std::unique_ptr<IdMaker> identity_ids(const IdentityColumn& column, const std::string& name);

struct VocabularyRules {
  std::string column;  ///< for messages
  VocabularyLimits limits;
  std::int64_t default_value = -1;
  std::int64_t oov_buckets = 0;
  bool oov_row = false;
};

/// Places in a given vocabulary. Without `text_keys` it may be read as one of integers when the values are integers.
std::unique_ptr<IdMaker> given_vocabulary_ids(VocabularyRules rules, std::shared_ptr<const Vocabulary> vocabulary,
                                              bool text_keys);

/// Places in a vocabulary that was learned before, or will be (null).
std::unique_ptr<IdMaker> learned_vocabulary_ids(VocabularyRules rules, const Vocabulary* vocabulary);

}  // namespace kin::internal
