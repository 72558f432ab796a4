#include "kinspace/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"

namespace kin {
namespace {

std::vector<std::uint64_t> first_numbers(std::uint64_t n) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 1; i <= n; ++i) numbers.push_back(i);
  return numbers;
}

std::int64_t count(const std::vector<Part>& parts, Part part) {
  return std::count(parts.begin(), parts.end(), part);
}

template <class F>
std::string refused(F f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(Split, FoldsTakeTheBucketsOfTheProtocols) {
  // Buckets of users 1 to 10 of ten: 5 0 3 8 8 2 7 2 8 6.
  const int buckets[] = {5, 0, 3, 8, 8, 2, 7, 2, 8, 6};
  const auto numbers = first_numbers(10);
  for (int fold = 0; fold < 5; ++fold) {
    const std::vector<Part> parts = split_by_fold(numbers, 5, fold);
    for (std::size_t i = 0; i < 10; ++i) {
      const Part want = buckets[i] == 2 * fold ? Part::kTest : buckets[i] == 2 * fold + 1 ? Part::kValid : Part::kTrain;
      EXPECT_EQ(parts[i], want) << "user " << i + 1 << ", fold " << fold;
    }
  }
}

TEST(Split, FoldsHoldEveryGroupOutOnce) {
  const auto numbers = first_numbers(1000);
  std::vector<int> held_out(1000);
  for (int fold = 0; fold < 5; ++fold) {
    const std::vector<Part> parts = split_by_fold(numbers, 5, fold);
    for (std::size_t g = 0; g < parts.size(); ++g) held_out[g] += parts[g] == Part::kTrain ? 0 : 1;
    EXPECT_NEAR(static_cast<double>(count(parts, Part::kTest)), 100, 40);  // sd of the binomial is 9.5
  }
  EXPECT_EQ(std::count(held_out.begin(), held_out.end(), 1), 1000);
}

TEST(Split, SharesFollowTheHashOfTheKey) {
  const auto numbers = first_numbers(20000);
  const std::vector<Part> parts = split_by_share(numbers, 0.1, 0.2);
  EXPECT_NEAR(static_cast<double>(count(parts, Part::kTest)), 4000, 250);
  EXPECT_NEAR(static_cast<double>(count(parts, Part::kValid)), 2000, 200);
  // mix64(1) = 910a2dec89025cc1, so u = 0.5665...
  EXPECT_EQ(split_by_share({{1}}, 0.3, 0.56)[0], Part::kValid);
  EXPECT_EQ(split_by_share({{1}}, 0.3, 0.57)[0], Part::kTest);
  EXPECT_EQ(split_by_share({{1}}, 0.3, 0.26)[0], Part::kTrain);
  const std::vector<std::uint64_t> reversed(numbers.rbegin(), numbers.rend());
  std::vector<Part> again = split_by_share(reversed, 0.1, 0.2);
  std::reverse(again.begin(), again.end());
  EXPECT_EQ(parts, again);
}

TEST(Split, NoShareMeansNobody) {
  const std::vector<Part> parts = split_by_share(first_numbers(100), 0, 0);
  EXPECT_EQ(count(parts, Part::kTrain), 100);
}

TEST(Split, ByTimeLeavesAnEventForTraining) {
  const TimeSplit split = split_by_time(1, 2);
  EXPECT_EQ(split.train_events(10), 7);
  EXPECT_EQ(split.train_events(4), 1);
  EXPECT_EQ(split.train_events(3), 0);
  EXPECT_EQ(split.train_events(1), 0);
}

TEST(Split, KeysOfStringsAreHashed) {
  EXPECT_EQ(key_numbers(KeyList(std::vector<std::string>{"u1"})), std::vector<std::uint64_t>{fnv1a64("u1")});
  EXPECT_EQ(key_numbers(KeyList(std::vector<std::int64_t>{-1})), std::vector<std::uint64_t>{~std::uint64_t{0}});
}

TEST(Split, RefusesImpossibleSettings) {
  const auto numbers = first_numbers(3);
  EXPECT_NE(refused([&] { split_by_fold(numbers, 1, 0); }).find("split.folds is 1"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_fold(numbers, 5, 5); }).find("split.fold is 5"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_fold(numbers, 5, -1); }).find("split.fold is -1"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_share(numbers, 0.5, 0.5); }).find("split.valid is 0.5"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_share(numbers, -0.1, 0.5); }).find("-0.1"), std::string::npos);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(refused([&] { split_by_share(numbers, nan, 0.5); }).find("nan"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_time(0.5, 1); }).find("0.5"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_time(1, -1); }).find("-1"), std::string::npos);
  EXPECT_NE(refused([&] { split_by_time(nan, 1); }).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace kin
