#include "kinspace/base/twins.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"

namespace kin {
namespace {

using Places = std::pair<std::size_t, std::size_t>;

template <class Value>
void expect_twins(const std::vector<Value>& values, std::optional<Places> expected) {
  EXPECT_EQ(find_twins(std::span<const Value>(values)), expected);
}

TEST(Twins, AreTheFirstValueThatStoodBeforeAndWhereItDid) {
  expect_twins<std::int64_t>({}, std::nullopt);
  expect_twins<std::int64_t>({7}, std::nullopt);
  expect_twins<std::int64_t>({7, 7}, Places(0, 1));
  expect_twins<std::int64_t>({1, 5, 9, 9, 5, 1, 9}, Places(2, 3));
  expect_twins<std::string>({}, std::nullopt);
  expect_twins<std::string>({"a", "b", "", "b", ""}, Places(1, 3));
}

TEST(Twins, AreFoundAmongTheExtremesOfIntegers) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  expect_twins<std::int64_t>({kMax, 0, kMin, -1}, std::nullopt);
  expect_twins<std::int64_t>({kMax, 0, kMin, -1, kMin}, Places(2, 4));
}

TEST(Twins, AreFoundAmongManyValuesFarApartOrClose) {
  constexpr std::size_t kMany = 50000;
  const auto check = [](auto value_of) {
    std::vector<decltype(value_of(0))> values;
    for (std::size_t i = 0; i < kMany; ++i) values.push_back(value_of(i));
    expect_twins(values, std::nullopt);
    values[40000] = values[30000];
    values[45000] = values[10];
    expect_twins(values, Places(30000, 40000));
  };
  check([](std::size_t i) { return static_cast<std::int64_t>(i) - 1000; });
  check([](std::size_t i) { return static_cast<std::int64_t>(mix64(i)); });
  check([](std::size_t i) { return std::to_string(i); });
}

}  // namespace
}  // namespace kin
