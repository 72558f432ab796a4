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
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::uint64_t kExactMantissa = std::uint64_t{1} << 53;  // integers up to here are exact as doubles
constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/// 64 cells without quotes; those behind the last one are "0".
struct Gathered {
  alignas(64) std::uint64_t low[kCells];   // the last eight bytes
  alignas(64) std::uint64_t high[kCells];  // the eight before, where some cell has more than eight
  alignas(64) std::uint64_t size[kCells];
  bool all_short;  // at most eight bytes
  bool all_plain;  // none is empty, or starts with a byte below that asked for
};

inline std::uint64_t load_word(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, 8);
  return word;
}

template <bool kQuoted>
inline void gather_cells(const TextCells& from, std::size_t first, std::size_t count, unsigned char lowest,
                         Gathered& to) noexcept {
  const TextCells cells = from;
  const std::uint32_t* begins = cells.begins + first * cells.begin_stride;
  const std::uint32_t* ends = cells.ends + first * cells.end_stride;
  std::uint64_t longest = 0;
  std::uint64_t shortest = 0;
  std::uint32_t odd = 0;
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
    const std::uint64_t size = end - begin;
    to.low[i] = load_word(cells.text + end - 8);
    to.size[i] = size;
    longest |= size + 7;
    shortest |= size - 1;
    odd |= static_cast<unsigned char>(cells.text[begin]) < lowest ? 1 : 0;
  }
  for (std::size_t i = count; i < kCells; ++i) {
    to.low[i] = to.high[i] = kEightZeros;
    to.size[i] = 1;
  }
  to.all_short = longest < 16;
  to.all_plain = odd == 0 && shortest >> 63 == 0;
  if (to.all_short) return;
  ends = cells.ends + first * cells.end_stride;
  for (std::size_t i = 0; i < count; ++i, ends += cells.end_stride) {
    const char* end = cells.text + *ends;
    to.high[i] = load_word(end - (kQuoted && end[-1] == '"' ? 17 : 16));
  }
}

inline void gather(const TextCells& cells, std::size_t first, std::size_t count, unsigned char lowest,
                   Gathered& to) noexcept {
  if (cells.quoted) {
    gather_cells<true>(cells, first, count, lowest, to);
  } else {
    gather_cells<false>(cells, first, count, lowest, to);
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

template <class Bytes>
inline Words eight_digits(const Words& words) noexcept {
  alignas(64) std::uint64_t in[kGroup];
  alignas(64) std::uint64_t out[kGroup];
  store_words(words, in);
  Bytes::eight_digits(in, out);
  return load_words(out);
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

/// Eight cells of at most sixteen bytes, or of at most eight, whose high word is then empty.
struct CellGroup {
  Words low;
  Words high = {};
  Words first = {};     // byte behind the sign
  Words negative = {};  // all bits where there is a minus
  Words empty = {};     // all bits
  Words bad = {};       // some bits where there is a sign and nothing else, or too much
  Words many = {};      // all bits where there are several bytes behind the sign

  /// kPlain: of cells that are neither empty nor have a sign; `first` and `many` are not set then.
  template <bool kShort, bool kPlain>
  static CellGroup load(const Gathered& cells, std::size_t i) noexcept {
    CellGroup c;
    Words size = load_words(cells.size + i);
    c.low = load_words(cells.low + i);
    if (!kShort) c.high = load_words(cells.high + i);
    if (!kPlain) {
      c.empty = Words(size == 0);
      c.negative = Words(c.first_of<kShort>(size) == '-') & ~c.empty;
      if (!kShort) c.bad = Words(size > 16);
      size += c.negative;  // less one
      c.first = c.first_of<kShort>(size);
      c.bad |= Words(size == 0) & c.negative;
      c.many = Words(size > 1);
    } else if (!kShort) {
      c.bad = Words(size > 16);
    }
    if (kShort) {
      keep_last(c.low, size);
    } else {
      const Words is_long = Words(size > 8);
      keep_last(c.low, (size & ~is_long) | (8 & is_long));
      keep_last(c.high, high_size(size));
    }
    return c;
  }

  template <class Bytes, bool kShort>
  Words value() const noexcept {
    const Words lower = eight_digits<Bytes>(low);
    return kShort ? lower : eight_digits<Bytes>(high) * 100'000'000 + lower;
  }

  template <bool kShort>
  Words no_digits_in() const noexcept {
    return kShort ? no_digits(low) : no_digits(low) | no_digits(high);
  }

 private:
  // Bytes in the high word; none of a cell that is too long.
  static Words high_size(const Words& size) noexcept { return (size - 8) & Words(size > 8) & Words(size <= 16); }

  template <bool kShort>
  Words first_of(const Words& size) const noexcept {
    if (kShort) return first_byte(low, size);
    const Words is_long = Words(size > 8);
    return (first_byte(high, high_size(size)) & is_long) | (first_byte(low, size & ~is_long) & ~is_long);
  }
};

/// Values of 64 cells and what is to be said of them.
class CellWords {
 public:
  void put(std::size_t i, const Words& value, const Words& bad, const Words& empty) noexcept {
    store_words(value, values_ + i);
    store_words(bad, bad_ + i);
    store_words(empty, empty_ + i);
    any_bad_ |= bad;
    any_empty_ |= empty;
  }
  const std::uint64_t* values() const noexcept { return values_; }
  CellSets sets() const noexcept {
    CellSets sets;
    if (any_bit(any_bad_)) sets.unknown = set_of(bad_);
    if (any_bit(any_empty_)) sets.empty = set_of(empty_);
    return sets;
  }

 private:
  alignas(64) std::uint64_t values_[kCells];
  alignas(64) std::uint64_t bad_[kCells];
  alignas(64) std::uint64_t empty_[kCells];
  Words any_bad_ = {};
  Words any_empty_ = {};
};

template <class Bytes, bool kShort, bool kPlain>
inline void integers_of(const Gathered& cells, CellWords& out) noexcept {
  for (std::size_t i = 0; i < kCells; i += kGroup) {
    const CellGroup c = CellGroup::load<kShort, kPlain>(cells, i);
    Words value = c.value<Bytes, kShort>();
    Words bad = c.bad | c.no_digits_in<kShort>();
    if (!kPlain) {
      value = (value ^ c.negative) - c.negative;
      bad |= Words(c.first == '0') & c.many;
    }
    out.put(i, value, bad, c.empty);
  }
}

template <class Bytes>
CellSets read_integers(const TextCells& cells, std::size_t first, std::size_t count, std::int64_t* values) noexcept {
  Gathered gathered;
  gather(cells, first, count, '1', gathered);  // 0 may be a zero too many
  CellWords out;
  if (gathered.all_short) {
    gathered.all_plain ? integers_of<Bytes, true, true>(gathered, out) : integers_of<Bytes, true, false>(gathered, out);
  } else {
    gathered.all_plain ? integers_of<Bytes, false, true>(gathered, out)
                       : integers_of<Bytes, false, false>(gathered, out);
  }
  std::memcpy(values, out.values(), count * sizeof *values);
  return out.sets();
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

/// What stands beside the digits of a number.
struct PointsAndSigns {
  alignas(64) std::uint64_t behind[kCells];  // digits behind the point
  alignas(64) std::uint64_t signs[kCells];
};

template <class Bytes, bool kShort, bool kPlain>
inline void numbers_of(const Gathered& cells, char point, CellWords& out, PointsAndSigns& more) noexcept {
  const auto only_point = static_cast<std::uint64_t>(static_cast<unsigned char>(point));
  for (std::size_t i = 0; i < kCells; i += kGroup) {
    CellGroup c = CellGroup::load<kShort, kPlain>(cells, i);
    const Points in_low(c.low, point);
    Words bad = c.bad | (in_low.at & (in_low.at - 1));
    Words behind = count_bytes(in_low.behind);
    if (!kPlain) bad |= Words(c.first == only_point) & ~c.many & ~c.empty;
    if (kShort) {
      c.low = in_low.moved(c.low, Words{} + '0');
    } else {
      const Points in_high(c.high, point);
      bad |= in_high.at & (in_high.at - 1);
      behind += (count_bytes(in_high.behind) + 8) & in_low.none & ~in_high.none;
      c.low = in_low.moved(c.low, c.high >> 56);
      c.high = (in_high.moved(c.high, Words{} + '0') & in_low.none) | (((c.high << 8) | '0') & ~in_low.none);
    }
    const Words digits = c.value<Bytes, kShort>();
    if (!kShort) bad |= Words(digits > kExactMantissa);
    store_words(behind, more.behind + i);
    store_words(c.negative & kSignBit, more.signs + i);
    out.put(i, digits, bad | c.no_digits_in<kShort>(), c.empty);
  }
}

template <class Bytes>
CellSets read_numbers(const TextCells& cells, std::size_t first, std::size_t count, char point,
                      double* values) noexcept {
  Gathered gathered;
  gather(cells, first, count, '0', gathered);
  CellWords out;
  PointsAndSigns more;
  if (gathered.all_short) {
    gathered.all_plain ? numbers_of<Bytes, true, true>(gathered, point, out, more)
                       : numbers_of<Bytes, true, false>(gathered, point, out, more);
  } else {
    gathered.all_plain ? numbers_of<Bytes, false, true>(gathered, point, out, more)
                       : numbers_of<Bytes, false, false>(gathered, point, out, more);
  }
  for (std::size_t i = 0; i < count; ++i) {
    // Both are exact, so the quotient is correctly rounded.
    const double number =
        static_cast<double>(static_cast<std::int64_t>(out.values()[i])) / kPowersOfTen[more.behind[i]];
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, 8);
    bits ^= more.signs[i];
    std::memcpy(values + i, &bits, 8);
  }
  return out.sets();
}

}  // namespace
}  // namespace kin::kernels
