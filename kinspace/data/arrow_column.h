#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kinspace/data/arrow.h"
#include "kinspace/data/arrow_type.h"
#include "kinspace/data/batch.h"
#include "kinspace/data/foreign_column.h"

namespace kin {

/// Makes columns of batches from Arrow arrays of one type. Buffers that lie as a Column wants them are lent, others
/// converted.
///
/// Trust    lengths, offsets, counts and indices are checked against each other before they are used; how long a buffer
///          is, the interface does not say, so that a producer that lies there cannot be found out.
class ArrowReader {
 public:
  /// `type`: not refused. The values become `target`.
  ArrowReader(ArrowType type, ColumnType target) : type_(std::move(type)), target_(target) {}

  /// To be called before the first rows of another array.
  void start_array() noexcept { dictionary_known_ = false; }

  /// Rows begin .. begin + count of the array, which lie behind its own offset. What the column borrows lives as long
  /// as the array, and until the next call. Rows that cannot be taken are added to `bad`, counted from `begin`. Errors
  /// kBadData: an array that is not of the type, or contradicts itself.
  Column read(const ArrowArray& array, std::int64_t begin, std::int64_t count, std::vector<BadValue>& bad);

 private:
  void read_lists(const ArrowArray& array, std::int64_t first, std::size_t count, Column& column,
                  std::vector<BadValue>& bad);
  void read_dictionary(const ArrowType& type, const ArrowArray& array);
  void read_coded(const ArrowType& type, const ArrowArray& array, std::int64_t begin, std::int64_t count,
                  ColumnMemory& memory, Column& column, std::vector<BadValue>& bad);
  void read_values(const ArrowType& type, const ArrowArray& array, std::int64_t begin, std::int64_t count,
                   ColumnMemory& memory, Column& column, std::vector<BadValue>& bad);

  ArrowType type_;
  ColumnType target_;
  ColumnMemory memory_;
  std::vector<ListRange> ranges_;
  std::vector<BadValue> bad_values_;

  bool dictionary_known_ = false;
  std::int64_t dictionary_size_ = 0;
  Column dictionary_;
  ColumnMemory dictionary_memory_;
  std::vector<BadValue> bad_entries_;  // of the dictionary, rising
  std::vector<std::int64_t> at_;       // entry of each value, -1 where it is missing
  ValueMemory coded_;
};

}  // namespace kin
