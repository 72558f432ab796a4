#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"

namespace kin::internal {

/// A table as an encoder is bound to it.
struct Binding {
  std::vector<Field> fields;  ///< parallel to Encoder::sources()
  std::string file;
  std::function<std::string(std::size_t row)> place;
};

/// Rows of one batch that are encoded or learned from.
class BatchRows {
 public:
  BatchRows(const Batch& batch, const Binding& binding)
      : batch_(&batch), binding_(&binding), size_(static_cast<std::size_t>(batch.rows)) {}
  BatchRows(const Batch& batch, const Binding& binding, std::span<const std::uint32_t> chosen)
      : batch_(&batch), binding_(&binding), chosen_(chosen.data()), size_(chosen.size()), all_(false) {}

  std::size_t size() const noexcept { return size_; }
  bool all() const noexcept { return all_; }

  /// The batch's row that is the i-th here.
  std::size_t row(std::size_t i) const noexcept { return all_ ? i : chosen_[i]; }

  const Column& column(std::size_t source) const noexcept { return batch_->columns[source]; }
  const Field& field(std::size_t source) const noexcept { return binding_->fields[source]; }

  /// Throws kBadData: "ratings.csv:17: column 'x' WHAT".
  [[noreturn]] void fail(std::size_t i, std::string_view column, const std::string& what, std::string fix = {}) const;

 private:
  const Batch* batch_;
  const Binding* binding_;
  const std::uint32_t* chosen_ = nullptr;
  std::size_t size_;
  bool all_ = true;
};

/// Checks that every column of a batch has its rows.
/// Errors   kInvalidArgument naming the column.
void check_batch(const Batch& batch, const Binding& binding);

}  // namespace kin::internal
