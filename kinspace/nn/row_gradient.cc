#include "kinspace/nn/row_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

constexpr int kRowShift = 32;  // an entry is row << 32 | number of the contribution
constexpr int kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
constexpr std::size_t kFewEntries = 512;

/// Sorts by row and, within a row, by number.
std::span<std::uint64_t> sorted(Arena& arena, std::span<std::uint64_t> entries, std::int64_t rows) {
  if (entries.size() <= kFewEntries) {
    std::sort(entries.begin(), entries.end());
    return entries;
  }
  std::span<std::uint64_t> from = entries;
  std::span<std::uint64_t> to = arena.array<std::uint64_t>(entries.size());
  const int row_bits = std::bit_width(static_cast<std::uint64_t>(rows - 1));
  for (int done = 0; done < row_bits; done += kDigitBits) {
    const int shift = kRowShift + done;
    std::array<std::uint32_t, kDigits> place{};
    for (const std::uint64_t entry : from) ++place[(entry >> shift) % kDigits];
    std::uint32_t before = 0;
    for (std::uint32_t& p : place) before += std::exchange(p, before);
    for (const std::uint64_t entry : from) to[place[(entry >> shift) % kDigits]++] = entry;
    std::swap(from, to);
  }
  return from;
}

}  // namespace

void RowGroups::add_to(std::int64_t u, float* out, std::int64_t dim) const noexcept {
  const kernels::Table& k = kernels::active();
  const auto group = static_cast<std::size_t>(u);
  for (std::size_t i = offsets[group]; i < offsets[group + 1]; ++i) {
    const RowContribution& c = contributions[order[i]];
    k.axpy(c.scale, c.source, out, dim);
  }
}

std::span<RowContribution> RowGradient::add(std::int64_t n) {
  const auto room = arena_->array<RowContribution>(static_cast<std::size_t>(n));
  Part* part = arena_->create<Part>(room, nullptr);
  (last_ != nullptr ? last_->next : first_) = part;
  last_ = part;
  count_ += n;
  return room;
}

std::span<const RowContribution> RowGradient::gathered() const {
  if (first_ == nullptr) return {};
  if (first_->next == nullptr) return first_->contributions;
  const auto all = arena_->array<RowContribution>(static_cast<std::size_t>(count_));
  auto to = all.begin();
  for (const Part* part = first_; part != nullptr; part = part->next) {
    to = std::copy(part->contributions.begin(), part->contributions.end(), to);
  }
  return all;
}

RowGroups RowGradient::group() const {
  const std::int64_t rows = parameter_->rows();
  KIN_ASSERT(count_ < (std::int64_t{1} << 32));
  RowGroups groups;
  groups.contributions = gathered();

  const auto entries = arena_->array<std::uint64_t>(groups.contributions.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < groups.contributions.size(); ++i) {
    const std::int64_t row = groups.contributions[i].row;
    if (row < 0) continue;
    if (row >= rows) {
      throw Error::internal(
          fmt::format("a gradient names row {} of '{}', which has {} rows", row, parameter_->name(), rows));
    }
    entries[used++] = static_cast<std::uint64_t>(row) << kRowShift | i;
  }
  const auto ordered = sorted(*arena_, entries.first(used), rows);

  const auto order = arena_->array<std::uint32_t>(used);
  const auto unique_rows = arena_->array<std::uint32_t>(used);
  const auto offsets = arena_->array<std::uint32_t>(used + 1);
  std::size_t unique = 0;
  for (std::size_t i = 0; i < used; ++i) {
    const auto row = static_cast<std::uint32_t>(ordered[i] >> kRowShift);
    order[i] = static_cast<std::uint32_t>(ordered[i]);
    if (unique == 0 || unique_rows[unique - 1] != row) {
      unique_rows[unique] = row;
      offsets[unique++] = static_cast<std::uint32_t>(i);
    }
  }
  offsets[unique] = static_cast<std::uint32_t>(used);
  groups.order = order;
  groups.rows = unique_rows.first(unique);
  groups.offsets = offsets.first(unique + 1);
  return groups;
}

}  // namespace kin
