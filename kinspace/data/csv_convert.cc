#include "kinspace/data/csv_convert.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "kinspace/kernels/text_cells.h"

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "validity words are read as bytes");

constexpr std::size_t kStringPiece = 32;  // bytes copied at once; most cells are not longer

// Reads 64 cells at a time with quick(first, count), and with slow(text, i) those that it does not know.
template <class Quick, class Slow>
void convert(const CsvCells& cells, CsvValues& values, std::vector<BadCell>& bad, Quick quick, Slow slow) {
  std::string scratch;
  values.validity.resize((cells.count + 63) / 64);
  values.any_missing = false;
  for (std::size_t first = 0; first < cells.count; first += 64) {
    const std::size_t count = std::min<std::size_t>(64, cells.count - first);
    const kernels::CellSets sets = quick(first, count);
    std::uint64_t missing = sets.empty;
    for (std::uint64_t unknown = sets.unknown & ~missing; unknown != 0; unknown &= unknown - 1) {
      const auto j = static_cast<std::size_t>(std::countr_zero(unknown));
      const Parsed parsed = slow(cells.cell(first + j, scratch), first + j);
      if (parsed == Parsed::kEmpty) {
        missing |= std::uint64_t{1} << j;
      } else if (parsed != Parsed::kOk) {
        bad.push_back({first + j, parsed});
      }
    }
    values.validity[first / 64] = ~missing;
    values.any_missing = values.any_missing || missing != 0;
  }
}

}  // namespace

void convert_integers(const CsvCells& cells, bool keep_zeros, const kernels::Table& kernels, CsvValues& values,
                      std::vector<BadCell>& bad) {
  values.integers.resize(cells.count);
  std::int64_t* out = values.integers.data();
  convert(
      cells, values, bad,
      [&](std::size_t first, std::size_t count) { return kernels.read_integers(cells, first, count, out + first); },
      [&](std::string_view text, std::size_t i) {
        out[i] = 0;
        const Parsed parsed = parse_integer(text, out[i]);
        return parsed == Parsed::kLeadingZero && !keep_zeros ? Parsed::kOk : parsed;
      });
}

void convert_numbers(const CsvCells& cells, char decimal, const kernels::Table& kernels, CsvValues& values,
                     std::vector<BadCell>& bad) {
  values.numbers.resize(cells.count);
  double* out = values.numbers.data();
  convert(
      cells, values, bad,
      [&](std::size_t first, std::size_t count) {
        return kernels.read_numbers(cells, first, count, decimal, out + first);
      },
      [&](std::string_view text, std::size_t i) {
        out[i] = 0;
        return parse_number(text, out[i], decimal);
      });
}

namespace {

template <bool kQuoted>
void copy_strings(const CsvCells& from, CsvValues& values) {
  const CsvCells cells = from;
  std::size_t used = 0;
  std::int32_t* offsets = values.offsets.data() + 1;
  const std::uint32_t* begins = cells.begins;
  const std::uint32_t* ends = cells.ends;
  std::uint64_t any_missing = 0;
  std::string scratch;
  for (std::size_t first = 0; first < cells.count; first += 64) {
    const std::size_t count = std::min<std::size_t>(64, cells.count - first);
    std::uint64_t missing = 0;
    for (std::size_t j = 0; j < count; ++j) {
      const std::uint32_t begin = *begins + cells.begin_offset;
      std::size_t size = *ends - begin;
      const char* text = cells.text + begin;
      begins += cells.begin_stride;
      ends += cells.end_stride;
      if (values.bytes.size() < used + size + kStringPiece) [[unlikely]] {
        values.bytes.resize(2 * (used + size + kStringPiece));
      }
      char* const to = values.bytes.data() + used;
      if (kQuoted && size > 0 && *text == '"') {
        const std::string_view cell = cells.cell(first + j, scratch);
        std::memcpy(to, cell.data(), cell.size());
        size = cell.size();
      } else {
        std::memcpy(to, text, kStringPiece);
        for (std::size_t done = kStringPiece; done < size; done += kStringPiece) {
          std::memcpy(to + done, text + done, kStringPiece);
        }
      }
      used += size;
      *offsets++ = static_cast<std::int32_t>(used);
      missing |= static_cast<std::uint64_t>(size == 0) << j;
    }
    values.validity[first / 64] = ~missing;
    any_missing |= missing;
  }
  values.any_missing = any_missing != 0;
}

}  // namespace

void convert_strings(const CsvCells& cells, CsvValues& values) {
  values.offsets.resize(cells.count + 1);
  values.offsets[0] = 0;
  values.validity.resize((cells.count + 63) / 64);
  if (cells.quoted) {
    copy_strings<true>(cells, values);
  } else {
    copy_strings<false>(cells, values);
  }
}

}  // namespace kin
