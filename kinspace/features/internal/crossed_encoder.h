#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/features/fingerprint.h"
#include "kinspace/features/internal/column_encoder.h"
#include "kinspace/features/internal/value_reader.h"
#include "kinspace/features/internal/weights.h"

namespace kin::internal {

/// All combinations of the values of several columns in a row, the last column's fastest.
///
///   hashed   id = h mod buckets, h = concatenate(... concatenate(concatenate(hash_key, x1), x2) ..., xn), where x is
///            the fingerprint of a string of the data, an integer of the data, or the id of a column (TensorFlow)
///   exact    id = (i1 * n2 + i2) * n3 + i3 ..., n: numbers of ids; -1 where one is no id
class CrossedEncoder final : public ColumnEncoder {
 public:
  static constexpr std::int64_t kMaxCombinations = std::int64_t{1} << 25;  ///< of one row

  /// A column that takes part: a data column, or another column of the encoder.
  struct Leaf {
    std::string name;  ///< for messages
    std::unique_ptr<ValueReader> reader;
    std::size_t part = 0;  ///< where there is no reader: its place among the columns
  };

  CrossedEncoder(std::string name, const CrossedColumn& column, std::vector<Leaf> leaves,
                 std::unique_ptr<Weights> weights);
  CrossedEncoder(const CrossedEncoder& other);

  std::unique_ptr<ColumnEncoder> clone() const override { return std::make_unique<CrossedEncoder>(*this); }
  void bind(const Binding& binding) override;
  bool fitted() const noexcept override { return true; }
  void learn(const BatchRows& /*rows*/) override {}
  void finish(FittedColumn& /*out*/) override {}
  void resolve(const std::vector<EncodedInfo>& parts) override;
  void encode(const BatchRows& rows, const std::vector<EncodedColumn>& parts, EncodedColumn& out) override;
  void describe(EncodedInfo& info) const override;

 private:
  // What the leaves of a batch hold.
  struct Operand {
    std::vector<std::uint64_t> hashed;      // of data columns
    const std::uint64_t* values = nullptr;  // one a value
    const std::int64_t* offsets = nullptr;  // one a row and one more
    std::uint64_t size = 0;                 // exact: number of ids
    bool ids = false;                       // -1 is out of vocabulary
  };
  struct Combination {
    std::uint64_t value;
    bool known;  // no part is out of vocabulary
  };
  struct Hashed;
  struct Exact;

  void read(const BatchRows& rows, const std::vector<EncodedColumn>& parts);
  std::int64_t combinations(const BatchRows& rows, std::size_t row) const;
  template <class Rule>
  void combine(const BatchRows& rows, const Rule& rule, EncodedColumn& out);
  template <class Rule>
  bool combine_singles(std::size_t rows, const Rule& rule, EncodedColumn& out);
  template <class Rule>
  void combine_row(std::size_t row, const Rule& rule, std::int64_t* out);

  std::string name_;
  std::vector<Leaf> leaves_;
  std::unique_ptr<Weights> weights_;
  Modulus modulus_;
  std::uint64_t hash_key_;
  bool exact_;
  bool dense_last_;
  bool drop_;
  std::int64_t num_buckets_;
  std::vector<std::size_t> order_;  // of the leaves, as they are combined
  std::vector<std::uint64_t> sizes_;
  Values values_;
  std::vector<std::vector<std::int64_t>> offsets_;
  std::vector<Operand> operands_;
  std::vector<Combination> prefixes_;
  std::vector<Combination> longer_;
};

}  // namespace kin::internal
