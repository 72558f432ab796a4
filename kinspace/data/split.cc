#include "kinspace/data/split.h"

#include <fmt/core.h>

#include <cmath>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"

namespace kin {
namespace {

constexpr std::int64_t kMost = 1'000'000;

}  // namespace

std::vector<std::uint64_t> key_numbers(const KeyList& keys) {
  std::vector<std::uint64_t> numbers(static_cast<std::size_t>(keys.size()));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = keys.number(static_cast<std::int64_t>(i));
  return numbers;
}

std::vector<Part> split_by_fold(std::span<const std::uint64_t> numbers, std::int64_t folds, std::int64_t fold) {
  if (folds < 2 || folds > kMost) {
    throw Error::invalid_argument(fmt::format("split.folds is {}; 2 to {} are possible", folds, kMost), "5 is usual");
  }
  if (fold < 0 || fold >= folds) {
    throw Error::invalid_argument(
        fmt::format("split.fold is {}; of {} folds it is one of 0 to {}", fold, folds, folds - 1));
  }
  const auto buckets = static_cast<std::uint64_t>(2 * folds);
  const auto test = static_cast<std::uint64_t>(2 * fold);
  std::vector<Part> parts(numbers.size(), Part::kTrain);
  for (std::size_t g = 0; g < numbers.size(); ++g) {
    const std::uint64_t bucket = mix64(numbers[g]) % buckets;
    if (bucket == test) parts[g] = Part::kTest;
    if (bucket == test + 1) parts[g] = Part::kValid;
  }
  return parts;
}

std::vector<Part> split_by_share(std::span<const std::uint64_t> numbers, double valid, double test) {
  if (!(valid >= 0) || !(test >= 0) || !(valid + test < 1)) {
    throw Error::invalid_argument(
        fmt::format("split.valid is {} and split.test is {}; both are shares of the groups from 0, below 1 together",
                    valid, test),
        "valid = 0.1 and test = 0.1 are usual");
  }
  std::vector<Part> parts(numbers.size(), Part::kTrain);
  for (std::size_t g = 0; g < numbers.size(); ++g) {
    const double u = static_cast<double>(mix64(numbers[g]) >> 11) * 0x1p-53;
    if (u < test) {
      parts[g] = Part::kTest;
    } else if (u < test + valid) {
      parts[g] = Part::kValid;
    }
  }
  return parts;
}

TimeSplit split_by_time(double valid, double test) {
  const auto whole = [](double count) {
    return count >= 0 && count <= static_cast<double>(kMost) && std::trunc(count) == count;
  };
  if (!whole(valid) || !whole(test)) {
    throw Error::invalid_argument(
        fmt::format("split.valid is {} and split.test is {}; by time both count events: whole numbers from 0", valid,
                    test),
        "valid = 1 and test = 1 are usual");
  }
  return {static_cast<std::int64_t>(valid), static_cast<std::int64_t>(test)};
}

}  // namespace kin
