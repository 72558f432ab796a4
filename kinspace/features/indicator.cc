#include "kinspace/features/indicator.h"

#include <algorithm>

#include "kinspace/base/error.h"

namespace kin {
namespace {

// place(row, value) is the first number of the value's part of `out`, or -1.
template <class Place>
void count(const EncodedColumn& column, std::int64_t num_buckets, std::span<float> out, Place place) {
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t row = 0; row + 1 < column.offsets.size(); ++row) {
    const auto end = static_cast<std::size_t>(column.offsets[row + 1]);
    for (auto i = static_cast<std::size_t>(column.offsets[row]); i < end; ++i) {
      const std::int64_t id = column.ids[i];
      const std::int64_t at = place(static_cast<std::int64_t>(row), i);
      if (id < 0 || id >= num_buckets || at < 0) continue;
      out[static_cast<std::size_t>(at + id)] += column.weights.empty() ? 1.0F : column.weights[i];
    }
  }
}

}  // namespace

void indicator(const EncodedColumn& column, std::int64_t num_buckets, std::span<float> out) {
  KIN_ASSERT(out.size() == (column.offsets.size() - 1) * static_cast<std::size_t>(num_buckets));
  count(column, num_buckets, out, [&](std::int64_t row, std::size_t) { return row * num_buckets; });
}

void sequence_indicator(const EncodedColumn& column, std::int64_t num_buckets, std::int64_t steps,
                        std::span<float> out) {
  KIN_ASSERT(out.size() == (column.offsets.size() - 1) * static_cast<std::size_t>(steps * num_buckets));
  count(column, num_buckets, out, [&](std::int64_t row, std::size_t i) {
    const std::int64_t step = column.positions[i];
    return step < steps ? (row * steps + step) * num_buckets : -1;
  });
}

}  // namespace kin
