#include "kinspace/data/csv_convert.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "validity words are read as bytes");

constexpr std::size_t kFirstBytes = 256;

// Reads with slow(text, i) the cells that a kernel did not know; the set of those that are missing.
template <class Slow>
std::uint64_t read_unknown(const kernels::CellSets& sets, const CsvCells& cells, std::size_t first,
                           std::string& scratch, std::vector<BadCell>& bad, Slow slow) {
  std::uint64_t missing = sets.empty;
  for (std::uint64_t unknown = sets.unknown & ~missing; unknown != 0; unknown &= unknown - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(unknown));
    const Parsed parsed = slow(cells.cell(first + i, scratch), first + i);
    if (parsed == Parsed::kEmpty) {
      missing |= std::uint64_t{1} << i;
    } else if (parsed != Parsed::kOk) {
      bad.push_back({first + i, parsed});
    }
  }
  return missing;
}

}  // namespace

void CsvValues::start(std::size_t cells, const CsvColumnOptions& options) {
  options_ = options;
  any_missing_ = false;
  validity_.resize((cells + kAtOnce - 1) / kAtOnce);
  switch (options_.type) {
    case ColumnType::kInteger:
      integers_.resize(cells);
      break;
    case ColumnType::kNumber:
      numbers_.resize(cells);
      break;
    case ColumnType::kString:
      offsets_.resize(cells + 1);
      offsets_[0] = 0;
      copies_.used = 0;
      make_room(kFirstBytes);
      break;
  }
}

void CsvValues::read(const CsvCells& cells, std::size_t first, const kernels::Table& kernels,
                     std::vector<BadCell>& bad) {
  const std::size_t count = std::min(kAtOnce, cells.count - first);
  std::uint64_t missing = 0;
  switch (options_.type) {
    case ColumnType::kInteger:
      missing = read_integers(cells, first, count, kernels, bad);
      break;
    case ColumnType::kNumber:
      missing = read_numbers(cells, first, count, kernels, bad);
      break;
    case ColumnType::kString:
      missing = read_strings(cells, first, count, kernels);
      break;
  }
  validity_[first / kAtOnce] = ~missing;
  any_missing_ = any_missing_ || missing != 0;
}

std::uint64_t CsvValues::read_integers(const CsvCells& cells, std::size_t first, std::size_t count,
                                       const kernels::Table& kernels, std::vector<BadCell>& bad) {
  std::int64_t* const out = integers_.data();
  const kernels::CellSets sets = kernels.read_integers(cells, first, count, out + first);
  return read_unknown(sets, cells, first, scratch_, bad, [&](std::string_view text, std::size_t i) {
    out[i] = 0;
    const Parsed parsed = parse_integer(text, out[i]);
    return parsed == Parsed::kLeadingZero && !options_.keep_zeros ? Parsed::kOk : parsed;
  });
}

std::uint64_t CsvValues::read_numbers(const CsvCells& cells, std::size_t first, std::size_t count,
                                      const kernels::Table& kernels, std::vector<BadCell>& bad) {
  double* const out = numbers_.data();
  const kernels::CellSets sets = kernels.read_numbers(cells, first, count, options_.decimal, out + first);
  return read_unknown(sets, cells, first, scratch_, bad, [&](std::string_view text, std::size_t i) {
    out[i] = 0;
    return parse_number(text, out[i], options_.decimal);
  });
}

std::uint64_t CsvValues::read_strings(const CsvCells& cells, std::size_t first, std::size_t count,
                                      const kernels::Table& kernels) {
  std::uint64_t missing = 0;
  for (std::size_t done = 0; done < count; ++done) {
    copies_.ends = offsets_.data() + 1 + first + done;
    kernels.copy_strings(cells, first + done, count - done, copies_);
    missing |= copies_.empty << done;
    done += copies_.copied;
    if (done == count) break;
    // What the kernel leaves: a cell in quotes, or one for which there is no room.
    const std::string_view cell = cells.cell(first + done, scratch_);
    make_room(cell.size());
    std::copy(cell.begin(), cell.end(), copies_.bytes + copies_.used);
    copies_.used += cell.size();
    offsets_[1 + first + done] = static_cast<std::int32_t>(copies_.used);
    missing |= static_cast<std::uint64_t>(cell.empty()) << done;
  }
  return missing;
}

void CsvValues::make_room(std::size_t bytes) {
  const std::size_t room = copies_.used + bytes + kernels::StringCopies::kSlack;
  if (bytes_.size() < room) bytes_.resize(2 * room);
  copies_.bytes = bytes_.data();
  copies_.capacity = bytes_.size();
}

void CsvValues::lend(Column& column, const std::vector<std::int32_t>* list_offsets) const {
  column.type = options_.type;
  switch (options_.type) {
    case ColumnType::kInteger:
      column.integers = integers_;
      break;
    case ColumnType::kNumber:
      column.numbers = numbers_;
      break;
    case ColumnType::kString:
      column.offsets = offsets_;
      column.bytes = bytes_.data();
      break;
  }
  const auto* validity = any_missing_ ? reinterpret_cast<const std::uint8_t*>(validity_.data()) : nullptr;
  if (list_offsets == nullptr) {
    column.validity = validity;
    return;
  }
  column.cells = Cells::kList;
  column.value_validity = validity;
  column.list_offsets = *list_offsets;
}

}  // namespace kin
