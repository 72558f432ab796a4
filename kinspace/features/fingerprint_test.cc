#include "kinspace/features/fingerprint.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/features/internal/short_fingerprint.h"

namespace kin {
namespace {

std::string letters(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('a' + i % 26);
  return out;
}

TEST(Fingerprint, IsTensorFlowsForStringsOfEveryLengthClass) {
  const std::string digits = "0123456789abcdef";
  const std::vector<std::pair<std::string, std::uint64_t>> known = {
      {"", 11160318154034397263ULL},
      {"a", 12917804110809363939ULL},
      {"b", 11795596070477164822ULL},
      {"0", 15198969275252572735ULL},
      {"1", 9304157803607034849ULL},
      {"-1", 7333874265151076430ULL},
      {"101", 7111978204949978653ULL},
      {"201", 816879216657496047ULL},
      {"301", 18280628692406243385ULL},
      {"omar", 3378277989609990986ULL},
      {"marlo", 9189111430546083591ULL},
      {"stringer", 16712165399130654704ULL},
      {digits, 6105018409752412263ULL},
      {digits + "g", 12024047538191061578ULL},
      {digits + digits, 1958373538681310840ULL},
      {digits + digits + "0", 4799579869226630476ULL},
      {letters(64), 11261912070464707578ULL},
      {letters(64) + "z", 16274028561095125707ULL},
      {letters(200), 2725806534515858166ULL},
      {"日本", 5676833963740711883ULL},
      {"United States", 12995412687961380428ULL},
  };
  for (const auto& [text, print] : known) {
    EXPECT_EQ(fingerprint64(text), print) << text;
    EXPECT_EQ(internal::short_fingerprint(text), print) << text;
  }
}

TEST(Fingerprint, OfAnIntegerIsThatOfItsDecimalText) {
  for (const std::int64_t i : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{101}, std::int64_t{1} << 31,
                               std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(fingerprint64(i), fingerprint64(std::to_string(i)));
    EXPECT_EQ(siphash64({1, 2}, i), siphash64({1, 2}, std::to_string(i)));
  }
}

TEST(Fingerprint, WithoutACallIsTheSame) {
  std::string bytes;
  for (std::uint64_t i = 0; i < 300; ++i) bytes += static_cast<char>(mix64(i));
  for (std::size_t n = 0; n <= 70; ++n) {
    for (std::size_t at = 0; at < 50; ++at) {
      const std::string_view part(bytes.data() + at, n);
      ASSERT_EQ(internal::short_fingerprint(part), fingerprint64(part)) << n << " bytes from " << at;
    }
  }
}

TEST(Concatenate, IsTensorFlowsAndNotCommutative) {
  EXPECT_EQ(concatenate(1, 2), 14454907135238785252ULL);
  EXPECT_EQ(concatenate(0, 0), 6351753276682545529ULL);
  EXPECT_NE(concatenate(2, 1), concatenate(1, 2));
  EXPECT_EQ(concatenate(concatenate(0xDECAFCAFFE, fingerprint64("a")), fingerprint64("b")) % 1000, 986U);
  EXPECT_EQ(concatenate(concatenate(0xDECAFCAFFE, fingerprint64("b")), fingerprint64("a")) % 1000, 100U);
  const auto minus_one = static_cast<std::uint64_t>(-1);
  EXPECT_EQ(concatenate(concatenate(0xDECAFCAFFE, minus_one), fingerprint64("a")) % 1000, 258U);
}

// The vectors of the paper's reference implementation: key 00 01 .. 0f, input 00 01 .. of n bytes.
TEST(SipHash, IsSipHash24) {
  constexpr SipKey kKey{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  const std::vector<std::uint64_t> known = {
      0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL, 0x85676696d7fb7e2dULL,
      0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL, 0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL,
      0x93f5f5799a932462ULL, 0x9e0082df0ba9e4b0ULL, 0x7a5dbbc594ddb9f3ULL, 0xf4b32f46226bada7ULL,
      0x751e8fbc860ee5fbULL, 0x14ea5627c0843d90ULL, 0xf723ca908e7af2eeULL, 0xa129ca6149be45e5ULL};
  std::string input;
  for (std::size_t n = 0; n < known.size(); ++n) {
    EXPECT_EQ(siphash64(kKey, input), known[n]) << n << " bytes";
    input += static_cast<char>(n);
  }
  EXPECT_NE(siphash64({1, 2}, "a"), siphash64({2, 1}, "a"));
}

TEST(Modulus, IsTheRemainder) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const std::vector<std::uint64_t> divisors = {
      1,          2,        3,   7, 10, 1000, 1000003, (1ULL << 31) - 1, 1ULL << 31, 1ULL << 40, (1ULL << 63) - 1,
      1ULL << 63, kMax - 1, kMax};
  for (const std::uint64_t divisor : divisors) {
    const Modulus modulus(divisor);
    for (const std::uint64_t x :
         {std::uint64_t{0}, std::uint64_t{1}, divisor - 1, divisor, divisor + 1, kMax, kMax - 1}) {
      EXPECT_EQ(modulus.of(x), x % divisor) << x << " mod " << divisor;
    }
    for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_EQ(modulus.of(mix64(i)), mix64(i) % divisor) << divisor;
  }
}

}  // namespace
}  // namespace kin
