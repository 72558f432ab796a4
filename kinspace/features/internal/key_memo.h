#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "kinspace/features/internal/values.h"

namespace kin::internal {

/// A key of up to 16 bytes, as two words.
struct ShortKey {
  std::uint64_t low;
  std::uint64_t high;
  std::uint64_t size;

  friend bool operator==(const ShortKey&, const ShortKey&) = default;
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

  /// find() for the key, unless that was called for it lately.
  template <class Find>
  std::int64_t get(const ShortKey& key, Find find) {
    const std::uint64_t mixed = (key.low ^ (key.high * 0x9E3779B97F4A7C15ULL) ^ key.size) * 0xD6E8FEB86659FD93ULL;
    Entry* const pair = entries_.data() + 2 * static_cast<std::size_t>(mixed >> (64 - bits_));
    if (pair[0].key == key) return pair[0].number;
    if (pair[1].key == key) return pair[1].number;
    pair[1] = pair[0];
    pair[0] = {key, find()};
    return pair[0].number;
  }

 private:
  static constexpr std::int64_t kPairsPerKey = 4;
  static constexpr int kMinBits = 3;
  static constexpr int kMaxBits = 9;  // 32 KiB

  struct Entry {
    ShortKey key{0, 0, ~std::uint64_t{0}};  // a size that no key has
    std::int64_t number = 0;
  };

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
  std::memcpy(&key, from, KeyMemo::kMaxBytes);
  const std::uint32_t low = std::min<std::uint32_t>(piece.size, 8);
  const std::uint32_t high = piece.size - low;
  key.low = low == 0 ? 0 : key.low & (~std::uint64_t{0} >> (64 - 8 * low));
  key.high = high == 0 ? 0 : key.high & (~std::uint64_t{0} >> (64 - 8 * high));
  return key;
}

/// find(i) for each value, or what it gave for the same string lately.
template <class Find>
void find_strings(const Values& values, KeyMemo& memo, std::span<std::int64_t> out, Find find) {
  if (values.coded) return memo.codes().get(values, out, find);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool small = values.pieces[i].size <= KeyMemo::kMaxBytes;
    out[i] = small ? memo.get(short_key(values, i), [&] { return find(i); }) : find(i);
  }
}

}  // namespace kin::internal
