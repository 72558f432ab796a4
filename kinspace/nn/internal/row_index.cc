#include "kinspace/nn/internal/row_index.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace kin::internal {

std::size_t index_rows(const Parameter& table, std::span<const std::int64_t> ids, std::uint32_t* rows,
                       std::uint32_t* places) {
  thread_local std::vector<std::uint64_t> slots;  // place << 32 | row; 0: free
  // At least half of them free, so that rows seldom meet; those of a small table have a slot each.
  const int bits = std::max(4, static_cast<int>(std::bit_width(2 * ids.size())));
  const bool own_slot = table.rows() <= std::int64_t{1} << bits;
  const std::uint32_t factor = own_slot ? 1 : 0x9E3779B1U;
  const int shift = own_slot ? 0 : 32 - bits;
  const std::size_t last = (std::size_t{1} << bits) - 1;
  if (slots.size() <= last) slots.resize(last + 1);
  std::uint64_t* const slot = slots.data();
  std::fill_n(slot, last + 1, std::uint64_t{0});

  const auto limit = static_cast<std::uint64_t>(table.rows());
  std::uint64_t next = 1;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::int64_t id = ids[i];
    if (static_cast<std::uint64_t>(id) >= limit) {
      if (id >= 0) return 0;
      places[i] = 0;
      continue;
    }
    table.prefetch_row_and_slots(id);
    const auto row = static_cast<std::uint32_t>(id);
    std::size_t at = static_cast<std::uint32_t>(row * factor) >> shift;
    std::uint64_t found = slot[at];
    while (found != 0 && static_cast<std::uint32_t>(found) != row) found = slot[at = (at + 1) & last];
    // Without a branch on whether the row is new, which nobody can foretell.
    const bool fresh = found == 0;
    const std::uint64_t place = fresh ? next : found >> 32;
    slot[at] = place << 32 | row;
    places[i] = static_cast<std::uint32_t>(place);
    rows[next] = row;  // stays only if it is new
    next += fresh ? 1 : 0;
  }
  return static_cast<std::size_t>(next);
}

}  // namespace kin::internal
