#include "kinspace/profile/hyperloglog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace kin {
namespace {

/// The sums sigma and tau of Ertl's section 2: of what registers at zero and at the top contribute.
double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double sum = x;
  double weight = 1;
  for (double last = -1; sum != last;) {
    x *= x;
    last = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double sum = 1 - x;
  double weight = 1;
  for (double last = -1; sum != last;) {
    x = std::sqrt(x);
    last = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

void HyperLogLog::add(std::uint64_t hash) noexcept {
  const auto place = static_cast<std::size_t>(hash >> (64 - kBits));
  // The bit behind the rest bounds the count of zeros.
  const int zeros = std::countl_zero(hash << kBits | std::uint64_t{1} << (kBits - 1));
  registers_[place] = std::max(registers_[place], static_cast<std::uint8_t>(zeros + 1));
}

double HyperLogLog::estimate() const {
  constexpr int kTop = 64 - kBits + 1;
  std::array<double, kTop + 1> counts{};
  for (const std::uint8_t value : registers_) ++counts[value];
  const auto m = static_cast<double>(registers_.size());
  double z = m * tau(1 - counts[kTop] / m);
  for (int k = kTop - 1; k >= 1; --k) z = 0.5 * (z + counts[static_cast<std::size_t>(k)]);
  z += m * sigma(counts[0] / m);
  return m * m / (2 * std::log(2.0) * z);
}

}  // namespace kin
