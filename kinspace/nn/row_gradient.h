#pragma once

#include <cstdint>
#include <span>

#include "kinspace/base/arena.h"
#include "kinspace/base/prefetch.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/parameter.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// gradient of `row` += scale * source[0 .. D)
struct RowContribution {
  std::int64_t row;     ///< negative: nothing
  const float* source;  ///< D floats that stay until the gradients are applied; null: the row's own weights
  float scale;
};

/// The distinct rows among ids, and which of them each id names.
struct RowIndex {
  std::span<const std::uint32_t> rows;    ///< in the order in which they first came, from place 1 on
  std::span<const std::uint32_t> places;  ///< of each id in `rows`; 0: it is left out
  bool one_each = false;                  ///< id b, and no other, is that of example b
};

/// Rows of a table that a step touches, each with its contributions in the order in which they were recorded.
struct RowGroups {
  std::span<const std::uint32_t> rows;     ///< U distinct rows, rising
  std::span<const std::uint32_t> offsets;  ///< U + 1 places in `order`
  std::span<const std::uint32_t> order;    ///< numbers of contributions
  std::span<const RowContribution> contributions;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(rows.size()); }

  /// out[0 .. D) += contributions of group u in their order; by fused multiply-adds, but for D = 1 by a rounded product
  /// and a sum, as RowGradient::for_each_value() has it. own() gives the weights of the row, if one is along them.
  template <class Own>
  void add_to(std::int64_t u, float* out, std::int64_t dim, Own own) const noexcept {
    const kernels::Table& k = kernels::active();
    const auto group = static_cast<std::size_t>(u);
    for (std::size_t i = offsets[group]; i < offsets[group + 1]; ++i) {
      if (i + kPrefetchAhead < order.size()) {
        prefetch(contributions[order[i + kPrefetchAhead]].source, static_cast<std::size_t>(dim) * sizeof(float));
      }
      const RowContribution& c = contributions[order[i]];
      const float* source = c.source != nullptr ? c.source : own();
      if (dim == 1) {
        *out += c.scale * *source;
      } else {
        k.axpy(c.scale, source, out, dim);
      }
    }
  }

 private:
  static constexpr std::size_t kPrefetchAhead = 8;  // contributions of this and the next groups
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

  /// d_out[b] contributed to every row that example b of `ids` names, weights apart; ids below 0 are left out. What
  /// both point to stays until the gradients are applied. Costs nothing until then, and less then with an index of the
  /// ids.
  void add_examples(const SparseTensor& ids, ConstMatrixView d_out, const RowIndex* index = nullptr);

  /// What add_examples() was given, where it is all there is.
  struct Examples {
    SparseTensor ids;
    ConstMatrixView d_out;
    const RowIndex* index = nullptr;  ///< null: there is more, or there was none
  };
  Examples only_examples() const noexcept {
    return first_ == last_ && first_ != nullptr ? first_->examples : Examples{};
  }

  std::int64_t contributions() const noexcept { return count_; }

  /// D = 1: calls f(row, value) for all contributions in their order; rows are not checked, and may be negative.
  template <class F>
  void for_each_value(F f) const {
    for (const Part* part = first_; part != nullptr; part = part->next) {
      for (const RowContribution& c : part->contributions) {
        f(c.row, c.scale * (c.row < 0 ? 0.0F : c.source != nullptr ? *c.source : *parameter_->row(c.row)));
      }
      const auto& [ids, d_out, index] = part->examples;
      for (std::int64_t b = 0; b < ids.rows(); ++b) {
        const std::int64_t end = ids.offsets[static_cast<std::size_t>(b) + 1];
        for (std::int64_t i = ids.offsets[static_cast<std::size_t>(b)]; i < end; ++i) {
          f(ids.ids[static_cast<std::size_t>(i)], *d_out.row(b));
        }
      }
    }
  }

  /// Contributions sorted by row, in arena memory. Errors: kInternal when a row is not in [0, N).
  RowGroups group() const;

  /// The same of several gradients at once, shared among threads.
  static void group_all(ThreadPool& pool, std::span<const RowGradient* const> gradients, std::span<RowGroups> out);

 private:
  struct Part {
    std::span<RowContribution> contributions;
    Examples examples;
    Part* next;
  };

  struct Room;

  void append(Part* part, std::int64_t contributions) noexcept;
  bool in_one_place() const noexcept;
  Room room() const;
  RowGroups group_in(const Room& room) const;

  Arena* arena_;
  Parameter* parameter_;
  Part* first_ = nullptr;
  Part* last_ = nullptr;
  std::int64_t count_ = 0;
};

}  // namespace kin
