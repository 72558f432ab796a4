#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/histories.h"

namespace kin {

/// Numbers distinct keys densely from 0, in the order in which they come. Integer keys or string keys, not both.
///
/// Limits   2^32 - 2 keys; kResourceLimit beyond.
/// Memory   an integer key 8 bytes, a string key 16 and its bytes, and 11 to 23 bytes of table for each.
/// Cost     expected O(1) a call; the table is open-addressed with linear probing and at most 0.7 full. Keys made to
///          collide make it hash anew.
/// Threads  any number of readers while nobody inserts.
class KeyIndex {
 public:
  explicit KeyIndex(bool integers) : integers_only_(integers) {}

  bool integers() const noexcept { return integers_only_; }
  std::int64_t size() const noexcept { return size_; }
  std::uint64_t text_bytes() const noexcept { return text_bytes_; }  ///< of all string keys together

  /// The key of a number as text.
  std::string text(std::uint32_t number) const;

  /// The key of a number as it is: of integer keys, of string keys (borrowed).
  std::int64_t integer(std::uint32_t number) const noexcept { return integers_[number]; }
  std::string_view string(std::uint32_t number) const noexcept { return strings_[number]; }

  /// The number of `key`, a new one if it is new.
  std::uint32_t insert(std::int64_t key);
  std::uint32_t insert(std::string_view key);

  /// The number of `key`, or -1.
  std::int64_t find(std::int64_t key) const noexcept;
  std::int64_t find(std::string_view key) const noexcept;

  /// The same for many keys, one after the other; faster, since the memory of several is awaited at a time.
  /// `numbers` is as long as `keys`.
  void insert(std::span<const std::int64_t> keys, std::span<std::int64_t> numbers);
  void insert(std::span<const std::string_view> keys, std::span<std::int64_t> numbers);
  void find(std::span<const std::int64_t> keys, std::span<std::int64_t> numbers) const noexcept;
  void find(std::span<const std::string_view> keys, std::span<std::int64_t> numbers) const noexcept;

  /// Numbers the keys anew, by rising key (strings by their bytes). Returns the new number of each old one.
  std::vector<std::uint32_t> sort();

  /// All keys, by number.
  KeyList keys() const;

 private:
  // A slot holds 32 bits of the key's hash above its number plus one; 0: free. The place is the top bits of the hash,
  // so the table grows without a look at the keys.
  static constexpr std::uint64_t kNumberMask = 0xFFFFFFFFULL;

  bool is(std::size_t number, std::int64_t key) const noexcept { return integers_[number] == key; }
  bool is(std::size_t number, std::string_view key) const noexcept { return strings_[number] == key; }
  void push(std::int64_t key) { integers_.push_back(key); }
  void push(std::string_view key) { strings_.push_back(store(key)); }
  template <class Key>
  std::int64_t find_hashed(std::uint64_t hash, Key key) const noexcept;
  template <class Key>
  std::uint32_t insert_hashed(std::uint64_t hash, Key key);
  template <class Key, class Each>
  void in_blocks(std::span<const Key> keys, Each each) const;
  std::uint32_t add(std::uint64_t hash);
  void grow();
  void change_salt();
  std::size_t place(std::uint64_t hash, std::uint32_t number) noexcept;
  std::string_view store(std::string_view key);

  bool integers_only_;
  std::int64_t size_ = 0;
  std::uint64_t salt_ = 0;  // of the hash; raised when keys collide as if somebody meant it
  int bits_ = 0;            // of the number of slots
  std::vector<std::uint64_t> slots_;
  std::vector<std::int64_t> integers_;     // by number
  std::vector<std::string_view> strings_;  // by number, into blocks_
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;  // rest of the last block
  std::size_t free_bytes_ = 0;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace kin
