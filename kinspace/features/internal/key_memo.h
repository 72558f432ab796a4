#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "kinspace/features/internal/values.h"

namespace kin::internal {

/// A key of up to 16 bytes, as two words.
struct ShortKey {
  std::uint64_t low;
  std::uint64_t high;
  std::uint64_t size;
};

inline ShortKey short_key(std::int64_t key) noexcept {
  return {static_cast<std::uint64_t>(key), 0, 0};
}

/// What was found for the keys that came last, so that frequent ones are not sought again: two places for each
/// hash.
class KeyMemo {
 public:
  static constexpr std::size_t kMaxBytes = 16;

  /// For about so many keys.
  explicit KeyMemo(std::int64_t keys = 0) { resize(keys); }

  /// Makes room when there are more keys.
  void grow(std::int64_t keys) {
    if (bits_ < kMaxBits && keys * kPairsPerKey > (std::int64_t{1} << bits_)) resize(2 * keys);
  }

  CodeCache& codes() noexcept { return codes_; }

  /// What is remembered for a key, or null.
  const std::int64_t* find(const ShortKey& key) const noexcept {
    const Entry* const pair = entries_.data() + place(key);
    // Which of the two it is cannot be foretold: no branch for it.
    const bool first = same(pair[0].key, key);
    const Entry* const entry = first ? pair : pair + 1;
    return (first | same(pair[1].key, key)) ? &entry->number : nullptr;
  }

  void put(const ShortKey& key, std::int64_t number) noexcept {
    Entry* const pair = entries_.data() + place(key);
    pair[1] = pair[0];
    pair[0] = {key, number};
  }

 private:
  static constexpr std::int64_t kPairsPerKey = 4;
  static constexpr int kMinBits = 3;
  static constexpr int kMaxBits = 9;  // 32 KiB

  struct Entry {
    ShortKey key{0, 0, ~std::uint64_t{0}};  // a size that no key has
    std::int64_t number = 0;
  };

  static bool same(const ShortKey& a, const ShortKey& b) noexcept {
    return ((a.low ^ b.low) | (a.high ^ b.high) | (a.size ^ b.size)) == 0;
  }

  std::size_t place(const ShortKey& key) const noexcept {
    const std::uint64_t mixed = (key.low ^ (key.high * 0x9E3779B97F4A7C15ULL) ^ key.size) * 0xD6E8FEB86659FD93ULL;
    return 2 * static_cast<std::size_t>(mixed >> (64 - bits_));
  }

  void resize(std::int64_t keys) {
    bits_ = kMinBits;
    while (bits_ < kMaxBits && (std::int64_t{1} << bits_) < std::min<std::int64_t>(keys, 1 << kMaxBits) * kPairsPerKey)
      ++bits_;
    entries_.assign(std::size_t{2} << bits_, Entry());
  }

  int bits_ = 0;
  std::vector<Entry> entries_;
  CodeCache codes_;
};

/// Value i of strings, which has at most KeyMemo::kMaxBytes bytes.
inline ShortKey short_key(const Values& values, std::size_t i) noexcept {
  const Piece piece = values.pieces[i];
  const char* const from = values.bytes + piece.begin;
  ShortKey key{0, 0, piece.size};
  if (piece.begin + KeyMemo::kMaxBytes > values.bytes_end) {
    if (piece.size > 0) std::memcpy(&key, from, piece.size);
    return key;
  }
  // Reads 16 bytes, which are there, and clears those behind the value.
  static constexpr auto kMasks = [] {
    std::array<std::array<std::uint64_t, 2>, KeyMemo::kMaxBytes + 1> masks{};
    for (std::size_t byte = 0; byte < KeyMemo::kMaxBytes; ++byte) {
      for (std::size_t size = byte + 1; size <= KeyMemo::kMaxBytes; ++size) {
        masks[size][byte / 8] |= std::uint64_t{0xFF} << (8 * (byte % 8));
      }
    }
    return masks;
  }();
  std::memcpy(&key, from, KeyMemo::kMaxBytes);
  key.low &= kMasks[piece.size][0];
  key.high &= kMasks[piece.size][1];
  return key;
}

/// Keys that are to be sought together.
template <class Key>
struct Unknown {
  static constexpr std::size_t kBlock = 1024;  // values between two searches

  std::vector<Key> keys;
  std::vector<std::size_t> places;
  std::vector<std::int64_t> numbers;

  void clear() noexcept {
    keys.clear();
    places.clear();
  }
  void add(Key key, std::size_t place) {
    keys.push_back(key);
    places.push_back(place);
  }
};

/// The number of each string, from the memo or by find_all(keys, numbers), in the order in which they come. Strings of
/// a dictionary are sought once, by find(i).
template <class Find, class FindAll>
void find_strings(const Values& values, KeyMemo& memo, Unknown<std::string_view>& unknown, std::span<std::int64_t> out,
                  Find find, FindAll find_all) {
  if (values.coded) return memo.codes().get(values, out, find);
  const auto small = [&](std::size_t i) { return values.pieces[i].size <= KeyMemo::kMaxBytes; };
  for (std::size_t first = 0; first < out.size(); first += unknown.kBlock) {
    const std::size_t last = std::min(out.size(), first + unknown.kBlock);
    unknown.clear();
    for (std::size_t i = first; i < last; ++i) {
      const std::int64_t* const known = small(i) ? memo.find(short_key(values, i)) : nullptr;
      if (known != nullptr) {
        out[i] = *known;
      } else {
        unknown.add(values.string(i), i);
      }
    }
    unknown.numbers.resize(unknown.keys.size());
    find_all(std::span<const std::string_view>(unknown.keys), std::span<std::int64_t>(unknown.numbers));
    for (std::size_t k = 0; k < unknown.keys.size(); ++k) {
      const std::size_t i = unknown.places[k];
      out[i] = unknown.numbers[k];
      if (small(i)) memo.put(short_key(values, i), out[i]);
    }
  }
}

/// The same for integers; direct(key) is a number, or negative where the memo is to be asked.
template <class Direct, class FindAll>
void find_integers(std::span<const std::int64_t> keys, KeyMemo& memo, Unknown<std::int64_t>& unknown,
                   std::span<std::int64_t> out, Direct direct, FindAll find_all) {
  for (std::size_t first = 0; first < out.size(); first += unknown.kBlock) {
    const std::size_t last = std::min(out.size(), first + unknown.kBlock);
    unknown.clear();
    for (std::size_t i = first; i < last; ++i) {
      out[i] = direct(keys[i]);
      if (out[i] >= 0) continue;
      const std::int64_t* const known = memo.find(short_key(keys[i]));
      if (known != nullptr) {
        out[i] = *known;
      } else {
        unknown.add(keys[i], i);
      }
    }
    unknown.numbers.resize(unknown.keys.size());
    find_all(std::span<const std::int64_t>(unknown.keys), std::span<std::int64_t>(unknown.numbers));
    for (std::size_t k = 0; k < unknown.keys.size(); ++k) {
      out[unknown.places[k]] = unknown.numbers[k];
      memo.put(short_key(unknown.keys[k]), unknown.numbers[k]);
    }
  }
}

}  // namespace kin::internal
