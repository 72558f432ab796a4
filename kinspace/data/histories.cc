#include "kinspace/data/histories.h"

#include <fmt/core.h>

#include "kinspace/base/hash.h"

namespace kin {

std::int64_t KeyList::size() const noexcept {
  const auto* numbers = std::get_if<0>(&keys_);
  return static_cast<std::int64_t>(numbers != nullptr ? numbers->size() : std::get_if<1>(&keys_)->size());
}

std::span<const std::int64_t> KeyList::all_integers() const noexcept {
  const auto* integers = std::get_if<0>(&keys_);
  return integers != nullptr ? std::span<const std::int64_t>(*integers) : std::span<const std::int64_t>();
}

std::span<const std::string> KeyList::all_strings() const noexcept {
  const auto* strings = std::get_if<1>(&keys_);
  return strings != nullptr ? std::span<const std::string>(*strings) : std::span<const std::string>();
}

std::string KeyList::text(std::int64_t i) const {
  return integers() ? fmt::format("{}", integer(i)) : string(i);
}

std::uint64_t KeyList::number(std::int64_t i) const {
  return integers() ? static_cast<std::uint64_t>(integer(i)) : fnv1a64(string(i));
}

bool KeyList::less(std::int64_t i, std::int64_t j) const {
  return integers() ? integer(i) < integer(j) : string(i) < string(j);
}

}  // namespace kin
