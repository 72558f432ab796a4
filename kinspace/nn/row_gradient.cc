#include "kinspace/nn/row_gradient.h"

#include <algorithm>
#include <array>
#include <bit>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"

namespace kin {
namespace {

constexpr int kRowShift = 32;  // an entry is row << 32 | number of the contribution
constexpr std::size_t kFewEntries = 64;

/// Sorts by digits of so many bits from the last one on. Fewer entries are worth smaller digits: each has to be
/// counted.
template <int kDigitBits>
std::span<std::uint64_t> sorted_by_digits(std::span<std::uint64_t> from, std::span<std::uint64_t> to, int row_bits) {
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
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

/// Sorts by row and, within a row, by number.
std::span<std::uint64_t> sorted(Arena& arena, std::span<std::uint64_t> entries, std::int64_t rows) {
  if (entries.size() <= kFewEntries) {
    std::sort(entries.begin(), entries.end());
    return entries;
  }
  const std::span<std::uint64_t> room = arena.array<std::uint64_t>(entries.size());
  const int row_bits = std::bit_width(static_cast<std::uint64_t>(rows - 1));
  return entries.size() < 4096 ? sorted_by_digits<8>(entries, room, row_bits)
                               : sorted_by_digits<11>(entries, room, row_bits);
}

}  // namespace

void RowGroups::add_to(std::int64_t u, float* out, std::int64_t dim) const noexcept {
  const kernels::Table& k = kernels::active();
  const auto group = static_cast<std::size_t>(u);
  for (std::size_t i = offsets[group]; i < offsets[group + 1]; ++i) {
    const RowContribution& c = contributions[order[i]];
    if (dim == 1) {
      *out += c.scale * *c.source;
      continue;
    }
    k.axpy(c.scale, c.source, out, dim);
  }
}

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

std::span<const RowContribution> RowGradient::gathered() const {
  if (first_ == nullptr) return {};
  if (first_->next == nullptr && first_->examples.ids.rows() == 0) return first_->contributions;
  const auto all = arena_->array<RowContribution>(static_cast<std::size_t>(count_));
  auto to = all.begin();
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
      internal::refuse_row(*parameter_, row);
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
