#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kinspace/base/large_vector.h"
#include "kinspace/features/encoder.h"

namespace kin {

/// One column of a whole table of N rows, stored as compactly as its values allow.
struct EncodedStore {
  EncodedInfo info;
  // Categorical: row r has ids offsets[r] .. offsets[r + 1]. Without offsets it has the id r, or none where that is
  // kNoValue.
  LargeVector<std::uint32_t> offsets;   ///< N + 1, or none
  LargeVector<std::uint32_t> ids;       ///< of columns with fewer than 2^32 - 1 ids
  LargeVector<std::int64_t> wide_ids;   ///< of columns with more
  LargeVector<float> weights;           ///< parallel to the ids, weighted columns only
  LargeVector<std::int32_t> positions;  ///< parallel to the ids, sequences only
  // Dense: N * width numbers; sequences: those of the steps offsets[r] .. offsets[r + 1].
  LargeVector<float> dense;
  LargeVector<std::int64_t> lengths;  ///< N, sequences only

  // What stands for -1 and for a row without a value; in wide_ids -1 and -2.
  static constexpr std::uint32_t kOutOfVocabulary = 0xFFFFFFFF;
  static constexpr std::uint32_t kNoValue = 0xFFFFFFFE;
  bool wide() const noexcept { return info.num_buckets > kNoValue; }
};

/// A table that was encoded once and is read in batches as often as wanted: what training iterates over.
///
/// Memory   4 bytes an id or row without one (8 where a column has 2^32 - 1 ids or more), 4 a row where rows have
///          several ids, weights or positions, 4 a weight and a number.
/// Threads  any number of readers while nobody appends.
class EncodedTable {
 public:
  explicit EncodedTable(const std::vector<EncodedInfo>& columns);

  std::int64_t rows() const noexcept { return rows_; }
  const std::vector<EncodedStore>& columns() const noexcept { return columns_; }
  std::uint64_t bytes() const noexcept;

  /// Makes room for so many rows with one id each, so that appending them moves nothing; more may come all the same.
  void reserve(std::int64_t rows);

  /// Adds the rows of a batch of the same columns; `pool` shares the columns among threads, here and below. Errors
  /// kResourceLimit: a column of lists with 2^32 values or more.
  void append(const EncodedBatch& batch, ThreadPool* pool = nullptr);

  /// Makes every id of a column id_of[id], where kOutOfVocabulary stands for -1 (Encoder::renumbering).
  /// Errors   kInternal for an id beyond, or a column of wide ids.
  void renumber(std::size_t column, std::span<const std::uint32_t> id_of);

  /// What a column is, where it is only known after its rows: learned vocabularies. Errors   kInternal when ids would
  /// be stored differently.
  void set_info(std::size_t column, const EncodedInfo& info);

  /// Rows first .. first + count - 1, or the rows named, in that order. Rows must exist.
  void read(std::int64_t first, std::int64_t count, EncodedBatch& out) const;
  void read(std::span<const std::int64_t> rows, EncodedBatch& out, ThreadPool* pool = nullptr) const;

  /// The same of some columns alone; the others stay as they are in `out`.
  void read(std::int64_t first, std::int64_t count, std::span<const std::size_t> columns, EncodedBatch& out) const;
  void read(std::span<const std::int64_t> rows, std::span<const std::size_t> columns, EncodedBatch& out) const;

  /// As it was stored. Errors   kCorruption naming the column when sizes differ, offsets fall, or an id is out of
  /// range.
  EncodedTable(std::int64_t rows, std::vector<EncodedStore> columns);

 private:
  template <class RowAt>
  void gather(std::int64_t count, RowAt row_at, EncodedBatch& out, ThreadPool* pool) const;
  template <class RowAt>
  void gather(std::int64_t count, RowAt row_at, std::span<const std::size_t> columns, EncodedBatch& out) const;
  template <class RowAt>
  void gather_column(std::size_t column, std::int64_t count, RowAt row_at, EncodedBatch& out) const;

  std::int64_t rows_ = 0;
  std::int64_t reserved_ = 0;
  std::vector<EncodedStore> columns_;
};

}  // namespace kin
