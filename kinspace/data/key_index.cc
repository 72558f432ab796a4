#include "kinspace/data/key_index.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr int kFirstBits = 6;
constexpr std::int64_t kMaxKeys = 0xFFFFFFFELL;
constexpr std::size_t kBlock = std::size_t{1} << 16;

std::uint64_t hash_of(std::int64_t key) noexcept { return mix64(static_cast<std::uint64_t>(key)); }
std::uint64_t hash_of(std::string_view key) noexcept { return mix64(fnv1a64(key)); }

}  // namespace

template <class Key, class Equal>
std::int64_t KeyIndex::find_slot(std::uint64_t hash, const Key& key, Equal equal) const noexcept {
  if (slots_.empty()) return -1;
  const std::uint64_t tag = hash >> 32;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = static_cast<std::size_t>(hash >> (64 - bits_));; i = (i + 1) & mask) {
    const std::uint64_t slot = slots_[i];
    if (slot == 0) return -1;
    if (slot >> 32 == tag) {
      const auto number = static_cast<std::int64_t>((slot & kNumberMask) - 1);
      if (equal(static_cast<std::size_t>(number), key)) return number;
    }
  }
}

std::int64_t KeyIndex::find(std::int64_t key) const noexcept {
  return find_slot(hash_of(key), key, [this](std::size_t i, std::int64_t k) { return integers_[i] == k; });
}

std::int64_t KeyIndex::find(std::string_view key) const noexcept {
  return find_slot(hash_of(key), key, [this](std::size_t i, std::string_view k) { return strings_[i] == k; });
}

std::uint32_t KeyIndex::insert(std::int64_t key) {
  KIN_ASSERT(integers_only_);
  const std::int64_t found = find(key);
  if (found >= 0) return static_cast<std::uint32_t>(found);
  integers_.push_back(key);
  return add(hash_of(key));
}

std::uint32_t KeyIndex::insert(std::string_view key) {
  KIN_ASSERT(!integers_only_);
  const std::int64_t found = find(key);
  if (found >= 0) return static_cast<std::uint32_t>(found);
  strings_.push_back(store(key));
  return add(hash_of(key));
}

std::uint32_t KeyIndex::add(std::uint64_t hash) {
  if (size_ >= kMaxKeys) throw Error::resource_limit("more than 4 294 967 294 different keys in one column");
  if (slots_.empty() || static_cast<std::uint64_t>(size_ + 1) * 10 > slots_.size() * 7) grow();
  const auto number = static_cast<std::uint32_t>(size_++);
  place((hash >> 32 << 32) | (static_cast<std::uint64_t>(number) + 1));
  return number;
}

void KeyIndex::grow() {
  bits_ = slots_.empty() ? kFirstBits : bits_ + 1;
  std::vector<std::uint64_t> old(std::size_t{1} << bits_);
  old.swap(slots_);
  for (const std::uint64_t slot : old) {
    if (slot != 0) place(slot);
  }
}

void KeyIndex::place(std::uint64_t slot) noexcept {
  const std::size_t mask = slots_.size() - 1;
  auto i = static_cast<std::size_t>(slot >> (64 - bits_));
  while (slots_[i] != 0) i = (i + 1) & mask;
  slots_[i] = slot;
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
    for (std::size_t i = 0; i < sorted.size(); ++i) numbers[static_cast<std::size_t>(find(sorted[i]))] = static_cast<std::uint32_t>(i);
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
