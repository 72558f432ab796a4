#include "kinspace/estimator/examples.h"

#include <algorithm>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/base/text.h"

namespace kin {

void ExampleBatch::clear() {
  context_offsets.assign(1, 0);
  context_rows.clear();
  target_offsets.assign(1, 0);
  target_rows.clear();
}

Examples::Examples(std::vector<std::int64_t> offsets, Buffer<std::uint32_t> rows, std::int64_t unknown_row,
                   const WindowOptions& options)
    : options_(options), rows_(std::move(rows)), unknown_row_(unknown_row) {
  const auto events = static_cast<std::int64_t>(rows_.size());
  if (events >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error::resource_limit("histories of " + with_thousands(events) + " events; at most 4 294 967 294 fit",
                                "train on a sample, or on a later period");
  }
  group_start_ = Buffer<std::uint64_t>(static_cast<std::size_t>(events) / 64 + 1);
  for (const std::int64_t start : offsets)
    group_start_[static_cast<std::size_t>(start) / 64] |= std::uint64_t{1} << (start % 64);

  const auto is_target = [&](std::int64_t event) {
    return static_cast<std::int64_t>(rows_[static_cast<std::size_t>(event)]) != unknown_row_;
  };
  // Twice over the cuts: once to count them, once to keep them.
  const auto for_each_cut = [&](auto&& visit) {
    for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
      const std::int64_t begin = offsets[g];
      const std::int64_t n = offsets[g + 1] - begin;
      if (n < 2) continue;
      const bool whole = n >= options_.context + options_.predict;
      std::int64_t t = options_.partial ? 1 : std::min(options_.context, n - 1);
      const std::int64_t last = options_.partial ? n - 1 : (whole ? n - options_.predict : t);
      for (; t <= last; t += options_.stride) {
        const std::int64_t targets = std::min(options_.predict, n - t);
        const std::int64_t window =
            options_.random_pick ? begin + std::max<std::int64_t>(0, t - options_.context) : begin + t;
        bool any = false;
        for (std::int64_t e = window; e < begin + t + targets && !any; ++e) any = is_target(e);
        if (any) visit(begin + t);
      }
    }
  };
  std::size_t count = 0;
  for_each_cut([&](std::int64_t) { ++count; });
  cuts_ = Buffer<std::uint32_t>(count);
  std::size_t next = 0;
  for_each_cut([&](std::int64_t cut) { cuts_[next++] = static_cast<std::uint32_t>(cut); });
}

void Examples::fill(std::uint64_t seed, std::int64_t epoch, bool shuffle, std::int64_t first, std::int64_t count,
                    ExampleBatch& batch) const {
  batch.clear();
  const Permutation permutation(static_cast<std::uint64_t>(size()), seed, Purpose::kShuffle,
                                static_cast<std::uint64_t>(epoch));
  const std::int64_t end = std::min(size(), first + count);
  for (std::int64_t i = first; i < end; ++i) {
    append(seed, epoch, shuffle ? static_cast<std::int64_t>(permutation(static_cast<std::uint64_t>(i))) : i, batch);
  }
}

void Examples::append(std::uint64_t seed, std::int64_t epoch, std::int64_t example, ExampleBatch& batch) const {
  const auto events = static_cast<std::int64_t>(rows_.size());
  const std::int64_t cut = cuts_[static_cast<std::size_t>(example)];
  std::int64_t begin = cut;
  while (cut - begin < options_.context && !starts_group(begin)) --begin;
  std::int64_t end = cut + 1;
  while (end - cut < options_.predict && end < events && !starts_group(end)) ++end;

  RandomStream random(seed, Purpose::kPick, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(example));
  const std::int64_t window = end - begin;
  std::int64_t in_left = options_.random_pick ? std::min(options_.context, window - 1) : cut - begin;
  for (std::int64_t e = begin; e < end; ++e) {
    const std::int64_t row = rows_[static_cast<std::size_t>(e)];
    // Selection sampling: each of the events still to come is taken with equal chance (Knuth, TAOCP 2, 3.4.2, S).
    const bool in = options_.random_pick
                        ? static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end - e))) < in_left
                        : e < cut;
    if (in) {
      --in_left;
      batch.context_rows.push_back(row);
    } else if (row != unknown_row_) {
      batch.target_rows.push_back(row);
    }
  }
  batch.context_offsets.push_back(static_cast<std::int64_t>(batch.context_rows.size()));
  batch.target_offsets.push_back(static_cast<std::int64_t>(batch.target_rows.size()));
}

}  // namespace kin
