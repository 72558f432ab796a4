#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kinspace/data/batch.h"
#include "kinspace/features/quantile_sketch.h"
#include "kinspace/profile/cell_sample.h"
#include "kinspace/profile/table_profile.h"
#include "kinspace/profile/value_counts.h"

namespace kin {

/// Takes the rows of one column, then says what they held.
class ColumnProfiler {
 public:
  ColumnProfiler(const Field& field, const ProfileOptions& options);

  /// Rows begin .. end of the column of a batch.
  void add(const Column& column, std::size_t begin, std::size_t end);

  /// Of exact counts; what approximate() would free.
  std::uint64_t memory() const noexcept { return counts_.exact() ? counts_.memory() : 0; }
  void approximate();

  ColumnProfile finish() const;

 private:
  void add_value(const Column& column, std::size_t i);
  void add_number(double value);
  void add_text(std::string_view value);
  void find_numbers(ColumnProfile& profile) const;
  void find_parts(ColumnProfile& profile) const;
  void find_times(ColumnProfile& profile) const;
  void find_skew(ColumnProfile& profile) const;
  void find_collisions(const ValueCounts& counts, ColumnProfile& profile) const;
  double number_of(std::uint32_t index) const;

  Field field_;
  ProfileOptions options_;
  std::int64_t rows_ = 0;
  std::int64_t missing_ = 0;
  ValueCounts counts_;                    // numbers by their bits
  std::optional<QuantileSketch> sketch_;  // of numbers, once counts_ are not exact
  CellSample sample_;                     // of text
  std::string first_;
  std::string last_;
  double min_ = 0;
  double max_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // sum of squared distances from the mean (Welford)
  std::int64_t zeros_ = 0;
  std::int64_t negatives_ = 0;
};

}  // namespace kin
