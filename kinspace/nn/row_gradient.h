#pragma once

#include <cstdint>
#include <span>

#include "kinspace/base/arena.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// gradient of `row` += scale * source[0 .. D)
struct RowContribution {
  std::int64_t row;     ///< negative: nothing
  const float* source;  ///< D floats that stay until the gradients are applied: arena memory, or the row's own weights
  float scale;
};

/// Rows of a table that a step touches, each with its contributions in the order in which they were recorded.
struct RowGroups {
  std::span<const std::uint32_t> rows;     ///< U distinct rows, rising
  std::span<const std::uint32_t> offsets;  ///< U + 1 places in `order`
  std::span<const std::uint32_t> order;    ///< numbers of contributions
  std::span<const RowContribution> contributions;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(rows.size()); }

  /// out[0 .. D) += contributions of group u, in their order.
  void add_to(std::int64_t u, float* out, std::int64_t dim) const noexcept;
};

/// The gradient of one parameter in one step: a sum of row contributions and, if some op asked for it, a matrix.
/// Lives in the arena of the step.
class RowGradient {
 public:
  RowGradient(Arena& arena, Parameter& parameter) noexcept : arena_(&arena), parameter_(&parameter) {}

  Parameter& parameter() const noexcept { return *parameter_; }

  /// Room for n contributions, to be filled whole by the caller (in parallel if it likes). Their order is that of the
  /// calls and of the places within, so it does not depend on threads.
  std::span<RowContribution> add(std::int64_t n);

  std::int64_t contributions() const noexcept { return count_; }

  /// Contributions sorted by row, in arena memory. Errors: kInternal when a row is not in [0, N).
  RowGroups group() const;

 private:
  struct Part {
    std::span<RowContribution> contributions;
    Part* next;
  };

  std::span<const RowContribution> gathered() const;

  Arena* arena_;
  Parameter* parameter_;
  Part* first_ = nullptr;
  Part* last_ = nullptr;
  std::int64_t count_ = 0;
};

}  // namespace kin
