#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kinspace/kernels/text_cells.h"

// Decimal numbers of 64 cells at a time: their last 8 (or 16) bytes are gathered, then digits become numbers in vectors
// of eight words, with shifts, additions and masks only, so that every instruction set gives the same. A word holds the
// first digit in its lowest byte.
namespace kin::kernels {
namespace {

using Words = std::uint64_t __attribute__((vector_size(64)));
constexpr std::size_t kCells = 64;
constexpr std::size_t kGroup = 8;

constexpr std::uint64_t kEightZeros = 0x3030303030303030ULL;
constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
constexpr std::uint64_t kExactMantissa = std::uint64_t{1} << 53;  // integers up to here are exact as doubles
constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/// 64 cells without quotes and sign.
struct Gathered {
  alignas(64) std::uint64_t low[kCells];   // the last eight bytes
  alignas(64) std::uint64_t high[kCells];  // the eight before, where some cell has more than eight
  alignas(64) std::uint64_t size[kCells];
  std::uint64_t negative;
  std::uint64_t empty;
  bool all_short;  // at most eight bytes
};

inline std::uint64_t load_word(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, 8);
  return word;
}

template <class Bytes, bool kQuoted>
inline void gather_cells(const TextCells& from, std::size_t first, std::size_t count, Gathered& to) noexcept {
  const TextCells cells = from;
  const std::uint32_t* begins = cells.begins + first * cells.begin_stride;
  const std::uint32_t* ends = cells.ends + first * cells.end_stride;
  char first_bytes[kCells] = {};
  char sizes[kCells] = {};  // above 127: 127
  std::uint64_t longest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t begin = *begins + cells.begin_offset;
    std::uint32_t end = *ends;
    begins += cells.begin_stride;
    ends += cells.end_stride;
    if (kQuoted) {
      const std::uint32_t quote = begin != end && cells.text[begin] == '"' ? 1 : 0;
      begin += quote;
      end -= quote;
    }
    const std::uint32_t size = end - begin;
    to.low[i] = load_word(cells.text + end - 8);
    to.size[i] = size;
    first_bytes[i] = cells.text[begin];
    sizes[i] = static_cast<char>(size < 127 ? size : 127);
    longest |= size + 7;
  }
  for (std::size_t i = count; i < kCells; ++i) {
    to.low[i] = to.high[i] = kEightZeros;
    to.size[i] = 0;
  }
  to.empty = Bytes::load(sizes).equal(0) & (~std::uint64_t{0} >> (kCells - count));
  to.negative = Bytes::load(first_bytes).equal('-') & ~to.empty;
  for (std::uint64_t left = to.negative; left != 0; left &= left - 1) --to.size[__builtin_ctzll(left)];
  to.all_short = longest < 16;
  if (to.all_short) return;
  ends = cells.ends + first * cells.end_stride;
  for (std::size_t i = 0; i < count; ++i, ends += cells.end_stride) {
    const char* end = cells.text + *ends;
    to.high[i] = load_word(end - (kQuoted && end[-1] == '"' ? 17 : 16));
  }
}

template <class Bytes>
inline void gather(const TextCells& cells, std::size_t first, std::size_t count, Gathered& to) noexcept {
  if (cells.quoted) {
    gather_cells<Bytes, true>(cells, first, count, to);
  } else {
    gather_cells<Bytes, false>(cells, first, count, to);
  }
}

inline Words load_words(const std::uint64_t* from) noexcept {
  Words words;
  std::memcpy(&words, from, sizeof words);
  return words;
}

inline void store_words(const Words& words, std::uint64_t* to) noexcept {
  std::memcpy(to, &words, sizeof words);
}

/// Replaces all but the last `size` (0 to 8) bytes of each word by '0'.
inline void keep_last(Words& words, const Words& size) noexcept {
  const Words half = (8 - size) << 2;  // in two steps, since a shift by 64 is none
  const Words kept = (~(size & 0) << half) << half;
  words = (words & kept) | (kEightZeros & ~kept);
}

/// Bits other than zero in words that are not eight digits.
inline Words no_digits(const Words& words) noexcept {
  return ((words + 0x4646464646464646ULL) | (words - kEightZeros)) & kHighBits;
}

/// The values of eight digits.
inline Words eight_digits(const Words& words) noexcept {
  Words x = words & 0x0F0F0F0F0F0F0F0FULL;
  x = ((x << 3) + (x << 1) + (x >> 8)) & 0x00FF00FF00FF00FFULL;
  x = ((x << 6) + (x << 5) + (x << 2) + (x >> 16)) & 0x0000FFFF0000FFFFULL;
  return ((x << 13) + (x << 10) + (x << 9) + (x << 8) + (x << 4) + (x >> 32)) & 0xFFFFFFFFULL;
}

/// Whether any bit of the eight words is set.
inline bool any_bit(const Words& words) noexcept {
  std::uint64_t w[kGroup];
  store_words(words, w);
  return (w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]) != 0;
}

/// The set of those of 64 words that are not zero.
inline std::uint64_t set_of(const std::uint64_t* words) noexcept {
  std::uint64_t set = 0;
  for (std::size_t i = 0; i < kCells; ++i) set |= static_cast<std::uint64_t>(words[i] != 0) << i;
  return set;
}

/// The first byte of the last `size` (1 to 8) ones of each word.
inline Words first_byte(const Words& words, const Words& size) noexcept {
  const Words half = (8 - size) << 2;
  return ((words >> half) >> half) & 0xFF;
}

/// Of cells of up to eight bytes: their digits as a number; the set of those that are no digits, or start with a zero
/// that does not count.
inline std::uint64_t short_integers(const Gathered& cells, std::uint64_t* values) noexcept {
  alignas(64) std::uint64_t odd[kCells];
  Words any = {};
  for (std::size_t i = 0; i < kCells; i += kGroup) {
    const Words size = load_words(cells.size + i);
    Words words = load_words(cells.low + i);
    const Words leading_zero = Words(first_byte(words, size) == '0') & Words(size > 1);
    keep_last(words, size);
    const Words bad = no_digits(words) | leading_zero;
    any |= bad;
    store_words(bad, odd + i);
    store_words(eight_digits(words), values + i);
  }
  return any_bit(any) ? set_of(odd) : 0;
}

/// The sizes of the two halves of a cell of up to sixteen bytes.
struct Halves {
  Words high_size;
  Words low_size;
  Words is_long;   // all bits where the high half is not empty
  Words too_long;  // all bits where even that is not enough

  explicit Halves(const Words& size) noexcept {
    is_long = Words(size > 8);
    too_long = Words(size > 16);
    high_size = (size - 8) & is_long & ~too_long;
    low_size = (size & ~is_long) | (8 & is_long);
  }
};

inline std::uint64_t long_integers(const Gathered& cells, std::uint64_t* values) noexcept {
  alignas(64) std::uint64_t odd[kCells];
  for (std::size_t i = 0; i < kCells; i += kGroup) {
    const Words size = load_words(cells.size + i);
    const Halves halves(size);
    Words low = load_words(cells.low + i);
    Words high = load_words(cells.high + i);
    const Words first = (first_byte(high, halves.high_size) & halves.is_long) |
                        (first_byte(low, halves.low_size) & ~halves.is_long);
    const Words leading_zero = Words(first == '0') & Words(size > 1);
    keep_last(low, halves.low_size);
    keep_last(high, halves.high_size);
    store_words(no_digits(low) | no_digits(high) | leading_zero | halves.too_long, odd + i);
    store_words(eight_digits(high) * 100'000'000 + eight_digits(low), values + i);
  }
  return set_of(odd);
}

template <class Bytes>
CellSets read_integers(const TextCells& cells, std::size_t first, std::size_t count,
                              std::int64_t* values) noexcept {
  Gathered gathered;
  gather<Bytes>(cells, first, count, gathered);
  alignas(64) std::uint64_t magnitudes[kCells];
  CellSets sets;
  sets.empty = gathered.empty;
  sets.unknown = gathered.all_short ? short_integers(gathered, magnitudes) : long_integers(gathered, magnitudes);
  for (std::uint64_t left = gathered.negative; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(__builtin_ctzll(left));
    magnitudes[i] = 0 - magnitudes[i];
    sets.unknown |= static_cast<std::uint64_t>(gathered.size[i] == 0) << i;
  }
  std::memcpy(values, magnitudes, count * sizeof *values);
  return sets;
}

/// Where a word has a decimal point.
struct Points {
  Words at;      // the low bit of its byte
  Words behind;  // all bits of the bytes behind it
  Words none;    // all bits where there is no point

  Points(const Words& words, char point) noexcept {
    const Words same = words ^ (kOnes * static_cast<unsigned char>(point));
    at = ~(((same & ~kHighBits) + ~kHighBits) | same | ~kHighBits) >> 7;
    behind = -(at << 8);
    none = Words(at == 0);
  }

  /// The words with the bytes before the point moved up by one, behind `lowest`.
  Words moved(const Words& words, const Words& lowest) const noexcept {
    return (words & none) | (((words & behind) | ((words << 8) & ~behind) | lowest) & ~none);
  }
};

/// The number of bytes of ones in words that consist of them and of zeros.
inline Words count_bytes(const Words& words) noexcept {
  Words x = words & kOnes;
  x += x >> 8;
  x += x >> 16;
  return (x + (x >> 32)) & 0xF;
}

/// What becomes numbers: digits, and how many of them stand behind the point.
struct Decimals {
  alignas(64) std::uint64_t digits[kCells];
  alignas(64) std::uint64_t behind[kCells];
};

/// A point and no digits.
inline Words only_point(const Words& words, const Words& size, char point) noexcept {
  return Words(words >> 56 == static_cast<std::uint64_t>(static_cast<unsigned char>(point))) & Words(size == 1);
}

inline std::uint64_t short_numbers(const Gathered& cells, char point, Decimals& out) noexcept {
  alignas(64) std::uint64_t odd[kCells];
  Words any = {};
  for (std::size_t i = 0; i < kCells; i += kGroup) {
    const Words size = load_words(cells.size + i);
    Words words = load_words(cells.low + i);
    keep_last(words, size);
    const Points points(words, point);
    Words bad = only_point(words, size, point) | (points.at & (points.at - 1));
    words = points.moved(words, Words{} + '0');
    bad |= no_digits(words);
    any |= bad;
    store_words(bad, odd + i);
    store_words(count_bytes(points.behind), out.behind + i);
    store_words(eight_digits(words), out.digits + i);
  }
  return any_bit(any) ? set_of(odd) : 0;
}

inline std::uint64_t long_numbers(const Gathered& cells, char point, Decimals& out) noexcept {
  alignas(64) std::uint64_t odd[kCells];
  for (std::size_t i = 0; i < kCells; i += kGroup) {
    const Words size = load_words(cells.size + i);
    const Halves halves(size);
    Words low = load_words(cells.low + i);
    Words high = load_words(cells.high + i);
    keep_last(low, halves.low_size);
    keep_last(high, halves.high_size);
    const Points in_low(low, point);
    const Points in_high(high, point);
    Words bad = only_point(low, size, point) | halves.too_long | (in_low.at & (in_low.at - 1)) |
                (in_high.at & (in_high.at - 1));
    low = in_low.moved(low, high >> 56);
    high = (in_high.moved(high, Words{} + '0') & in_low.none) | (((high << 8) | '0') & ~in_low.none);
    const Words digits = eight_digits(high) * 100'000'000 + eight_digits(low);
    bad |= no_digits(low) | no_digits(high) | Words(digits > kExactMantissa);
    store_words(bad, odd + i);
    store_words(digits, out.digits + i);
    const Words behind_high = (count_bytes(in_high.behind) + 8) & in_low.none & ~in_high.none;
    store_words(count_bytes(in_low.behind) + behind_high, out.behind + i);
  }
  return set_of(odd);
}

template <class Bytes>
CellSets read_numbers(const TextCells& cells, std::size_t first, std::size_t count, char point,
                             double* values) noexcept {
  Gathered gathered;
  gather<Bytes>(cells, first, count, gathered);
  Decimals decimals;
  CellSets sets;
  sets.empty = gathered.empty;
  sets.unknown = gathered.all_short ? short_numbers(gathered, point, decimals) : long_numbers(gathered, point, decimals);
  for (std::size_t i = 0; i < count; ++i) {
    // Both are exact, so the quotient is correctly rounded.
    values[i] = static_cast<double>(static_cast<std::int64_t>(decimals.digits[i])) / kPowersOfTen[decimals.behind[i]];
  }
  for (std::uint64_t left = gathered.negative; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(__builtin_ctzll(left));
    values[i] = -values[i];
    sets.unknown |= static_cast<std::uint64_t>(gathered.size[i] == 0) << i;
  }
  return sets;
}

}  // namespace
}  // namespace kin::kernels
