#include "kinspace/nn/row_gradient.h"

#include <algorithm>
#include <bit>

#include "kinspace/base/error.h"
#include "kinspace/base/radix_sort.h"
#include "kinspace/nn/internal/checks.h"

namespace kin {
namespace {

constexpr int kRowShift = 32;  // an entry is row << 32 | number of the contribution

}  // namespace

std::span<RowContribution> RowGradient::add(std::int64_t n) {
  const auto room = arena_->array<RowContribution>(static_cast<std::size_t>(n));
  append(arena_->create<Part>(room, Examples{}, nullptr), n);
  return room;
}

void RowGradient::add_examples(const SparseTensor& ids, ConstMatrixView d_out, const RowIndex* index) {
  append(arena_->create<Part>(std::span<RowContribution>{}, Examples{ids, d_out, index}, nullptr),
         static_cast<std::int64_t>(ids.ids.size()));
}

void RowGradient::append(Part* part, std::int64_t contributions) noexcept {
  (last_ != nullptr ? last_->next : first_) = part;
  last_ = part;
  count_ += contributions;
}

/// Memory for the groups of so many contributions, and for making them.
struct RowGradient::Room {
  std::span<RowContribution> contributions;  // empty: they lie in one place already
  std::span<std::uint64_t> entries;
  std::span<std::uint64_t> sorting;
  std::span<std::uint32_t> order;
  std::span<std::uint32_t> rows;
  std::span<std::uint32_t> offsets;
};

bool RowGradient::in_one_place() const noexcept {
  return first_ == last_ && (first_ == nullptr || first_->examples.ids.rows() == 0);
}

RowGradient::Room RowGradient::room() const {
  KIN_ASSERT(count_ < (std::int64_t{1} << 32));
  const auto n = static_cast<std::size_t>(count_);
  return {.contributions = arena_->array<RowContribution>(in_one_place() ? 0 : n),
          .entries = arena_->array<std::uint64_t>(n),
          .sorting = arena_->array<std::uint64_t>(n),
          .order = arena_->array<std::uint32_t>(n),
          .rows = arena_->array<std::uint32_t>(n),
          .offsets = arena_->array<std::uint32_t>(n + 1)};
}

RowGroups RowGradient::group_in(const Room& room) const {
  const std::int64_t rows = parameter_->rows();
  RowGroups groups;
  if (!in_one_place()) {
    auto to = room.contributions.begin();
    for (const Part* part = first_; part != nullptr; part = part->next) {
      to = std::copy(part->contributions.begin(), part->contributions.end(), to);
      const auto& [ids, d_out, index] = part->examples;
      for (std::int64_t b = 0; b < ids.rows(); ++b) {
        const std::int64_t end = ids.offsets[static_cast<std::size_t>(b) + 1];
        for (std::int64_t i = ids.offsets[static_cast<std::size_t>(b)]; i < end; ++i) {
          *to++ = {ids.ids[static_cast<std::size_t>(i)], d_out.row(b), 1.0F};
        }
      }
    }
    groups.contributions = room.contributions;
  } else if (first_ != nullptr) {
    groups.contributions = first_->contributions;
  }

  std::size_t used = 0;
  for (std::size_t i = 0; i < groups.contributions.size(); ++i) {
    const std::int64_t row = groups.contributions[i].row;
    if (row < 0) continue;
    if (row >= rows) internal::refuse_row(*parameter_, row);
    room.entries[used++] = static_cast<std::uint64_t>(row) << kRowShift | i;
  }
  const int row_bits = std::bit_width(static_cast<std::uint64_t>(rows - 1));
  const auto ordered = radix_sort(room.entries.first(used), room.sorting, kRowShift, row_bits);

  std::size_t unique = 0;
  for (std::size_t i = 0; i < used; ++i) {
    const auto row = static_cast<std::uint32_t>(ordered[i] >> kRowShift);
    room.order[i] = static_cast<std::uint32_t>(ordered[i]);
    if (unique == 0 || room.rows[unique - 1] != row) {
      room.rows[unique] = row;
      room.offsets[unique++] = static_cast<std::uint32_t>(i);
    }
  }
  room.offsets[unique] = static_cast<std::uint32_t>(used);
  groups.order = room.order.first(used);
  groups.rows = room.rows.first(unique);
  groups.offsets = room.offsets.first(unique + 1);
  return groups;
}

RowGroups RowGradient::group() const {
  return group_in(room());
}

void RowGradient::group_all(ThreadPool& pool, std::span<const RowGradient* const> gradients, std::span<RowGroups> out) {
  if (gradients.empty()) return;
  const auto rooms = gradients.front()->arena_->array<Room>(gradients.size());
  for (std::size_t i = 0; i < gradients.size(); ++i) rooms[i] = gradients[i]->room();
  pool.run(static_cast<std::int64_t>(gradients.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    out[at] = gradients[at]->group_in(rooms[at]);
  });
}

}  // namespace kin
