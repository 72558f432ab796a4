#include "kinspace/data/key_index.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr int kFirstBits = 6;
constexpr std::int64_t kMaxKeys = 0xFFFFFFFELL;
constexpr std::size_t kBlock = std::size_t{1} << 16;

// A random table as full as ours has no chain of this length; keys that somebody chose to collide have.
constexpr std::size_t kLongChain = 4096;
constexpr std::uint64_t kMaxSalt = 8;

std::uint64_t hash_of(std::int64_t key, std::uint64_t salt) noexcept {
  return mix64(static_cast<std::uint64_t>(key) ^ mix64(salt));
}

std::uint64_t load(const char* p, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, bytes);
  return word;
}

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// A product of two words folds 16 bytes at a time; the last 16 may overlap those before.
std::uint64_t hash_of(std::string_view key, std::uint64_t salt) noexcept {
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
  constexpr std::uint64_t kSecond = 0xD1B54A32D192ED03ULL;
  const char* p = key.data();
  std::size_t left = key.size();
  std::uint64_t hash = mix64(salt) ^ left;
  for (; left > 16; left -= 16, p += 16) hash = fold(load(p, 8) ^ kFirst, load(p + 8, 8) ^ hash);
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (left >= 8) {
    a = load(p, 8);
    b = load(p + left - 8, 8);
  } else if (left >= 4) {
    a = load(p, 4);
    b = load(p + left - 4, 4);
  } else if (left > 0) {
    a = static_cast<std::uint64_t>(static_cast<unsigned char>(p[0])) << 16 |
        static_cast<std::uint64_t>(static_cast<unsigned char>(p[left / 2])) << 8 |
        static_cast<unsigned char>(p[left - 1]);
  }
  return mix64(fold(a ^ kFirst ^ hash, b ^ kSecond));
}

}  // namespace

template <class Key>
std::int64_t KeyIndex::find_hashed(std::uint64_t hash, Key key) const noexcept {
  if (slots_.empty()) return -1;
  const std::uint64_t tag = hash >> 32;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = static_cast<std::size_t>(hash >> (64 - bits_));; i = (i + 1) & mask) {
    const std::uint64_t slot = slots_[i];
    if (slot == 0) return -1;
    if (slot >> 32 == tag) {
      const auto number = static_cast<std::int64_t>((slot & kNumberMask) - 1);
      if (is(static_cast<std::size_t>(number), key)) return number;
    }
  }
}

template <class Key>
std::uint32_t KeyIndex::insert_hashed(std::uint64_t hash, Key key) {
  const std::int64_t found = find_hashed(hash, key);
  if (found >= 0) return static_cast<std::uint32_t>(found);
  push(key);
  return add(hash);
}

std::int64_t KeyIndex::find(std::int64_t key) const noexcept {
  return find_hashed(hash_of(key, salt_), key);
}

std::int64_t KeyIndex::find(std::string_view key) const noexcept {
  return find_hashed(hash_of(key, salt_), key);
}

std::uint32_t KeyIndex::insert(std::int64_t key) {
  KIN_ASSERT(integers_only_);
  return insert_hashed(hash_of(key, salt_), key);
}

std::uint32_t KeyIndex::insert(std::string_view key) {
  KIN_ASSERT(!integers_only_);
  return insert_hashed(hash_of(key, salt_), key);
}

// Calls each(i, hash) for every key, when what it will look at has been fetched.
template <class Key, class Each>
void KeyIndex::in_blocks(std::span<const Key> keys, Each each) const {
  constexpr std::size_t kBlockKeys = 32;
  std::uint64_t hashes[kBlockKeys];
  for (std::size_t first = 0; first < keys.size(); first += kBlockKeys) {
    const std::size_t count = std::min(kBlockKeys, keys.size() - first);
    const std::uint64_t salt = salt_;
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = hash_of(keys[first + i], salt);
      if (bits_ > 0) __builtin_prefetch(&slots_[static_cast<std::size_t>(hashes[i] >> (64 - bits_))]);
    }
    for (std::size_t i = 0; i < count && bits_ > 0; ++i) {
      const std::uint64_t slot = slots_[static_cast<std::size_t>(hashes[i] >> (64 - bits_))];
      if (slot == 0) continue;
      const auto number = static_cast<std::size_t>((slot & kNumberMask) - 1);
      if constexpr (std::is_same_v<Key, std::string_view>) {
        __builtin_prefetch(&strings_[number]);
      } else {
        __builtin_prefetch(&integers_[number]);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      each(first + i, salt == salt_ ? hashes[i] : hash_of(keys[first + i], salt_));
    }
  }
}

void KeyIndex::insert(std::span<const std::int64_t> keys, std::span<std::int64_t> numbers) {
  KIN_ASSERT(integers_only_ && keys.size() == numbers.size());
  in_blocks(keys, [&](std::size_t i, std::uint64_t hash) { numbers[i] = insert_hashed(hash, keys[i]); });
}

void KeyIndex::insert(std::span<const std::string_view> keys, std::span<std::int64_t> numbers) {
  KIN_ASSERT(!integers_only_ && keys.size() == numbers.size());
  in_blocks(keys, [&](std::size_t i, std::uint64_t hash) { numbers[i] = insert_hashed(hash, keys[i]); });
}

void KeyIndex::find(std::span<const std::int64_t> keys, std::span<std::int64_t> numbers) const noexcept {
  in_blocks(keys, [&](std::size_t i, std::uint64_t hash) { numbers[i] = find_hashed(hash, keys[i]); });
}

void KeyIndex::find(std::span<const std::string_view> keys, std::span<std::int64_t> numbers) const noexcept {
  in_blocks(keys, [&](std::size_t i, std::uint64_t hash) { numbers[i] = find_hashed(hash, keys[i]); });
}

std::uint32_t KeyIndex::add(std::uint64_t hash) {
  if (size_ >= kMaxKeys) throw Error::resource_limit("more than 4 294 967 294 different keys in one column");
  if (slots_.empty() || static_cast<std::uint64_t>(size_ + 1) * 10 > slots_.size() * 7) grow();
  const auto number = static_cast<std::uint32_t>(size_++);
  if (place(hash, number) > kLongChain && salt_ < kMaxSalt) change_salt();
  return number;
}

void KeyIndex::grow() {
  bits_ = slots_.empty() ? kFirstBits : bits_ + 1;
  std::vector<std::uint64_t> old(std::size_t{1} << bits_);
  old.swap(slots_);
  for (const std::uint64_t slot : old) {
    if (slot != 0) place(slot, static_cast<std::uint32_t>((slot & kNumberMask) - 1));
  }
}

void KeyIndex::change_salt() {
  ++salt_;
  std::fill(slots_.begin(), slots_.end(), 0);
  for (std::int64_t i = 0; i < size_; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    place(integers_only_ ? hash_of(integers_[number], salt_) : hash_of(strings_[number], salt_), number);
  }
}

// Length of the chain of full slots before the free one that was taken.
std::size_t KeyIndex::place(std::uint64_t hash, std::uint32_t number) noexcept {
  const std::size_t mask = slots_.size() - 1;
  auto i = static_cast<std::size_t>(hash >> (64 - bits_));
  std::size_t chain = 0;
  for (; slots_[i] != 0; ++chain) i = (i + 1) & mask;
  slots_[i] = (hash & ~kNumberMask) | (static_cast<std::uint64_t>(number) + 1);
  return chain;
}

std::string_view KeyIndex::store(std::string_view key) {
  if (key.empty()) return {};
  if (key.size() > free_bytes_) {
    free_bytes_ = std::max(kBlock, key.size());
    blocks_.push_back(std::make_unique<char[]>(free_bytes_));
    free_ = blocks_.back().get();
  }
  std::memcpy(free_, key.data(), key.size());
  const std::string_view stored(free_, key.size());
  free_ += key.size();
  free_bytes_ -= key.size();
  text_bytes_ += key.size();
  return stored;
}

std::vector<std::uint32_t> KeyIndex::sort() {
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(size_));
  const auto renumber = [&](auto& keys) {
    auto sorted = keys;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      numbers[static_cast<std::size_t>(find(sorted[i]))] = static_cast<std::uint32_t>(i);
    keys = std::move(sorted);
  };
  if (integers_only_) {
    renumber(integers_);
  } else {
    renumber(strings_);
  }
  for (std::uint64_t& slot : slots_) {
    if (slot != 0) slot = (slot & ~kNumberMask) | (static_cast<std::uint64_t>(numbers[(slot & kNumberMask) - 1]) + 1);
  }
  return numbers;
}

std::string KeyIndex::text(std::uint32_t number) const {
  return integers_only_ ? fmt::format("{}", integers_[number]) : std::string(strings_[number]);
}

KeyList KeyIndex::keys() const {
  if (integers_only_) return KeyList(integers_);
  return KeyList(std::vector<std::string>(strings_.begin(), strings_.end()));
}

}  // namespace kin
