#include "kinspace/features/fingerprint.h"

#include <farmhash.h>
#include <fmt/format.h>

#include <bit>
#include <cstddef>
#include <cstring>

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little);

std::uint64_t load(const char* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

std::string_view decimal(const fmt::format_int& text) noexcept {
  return {text.data(), text.size()};
}

}  // namespace

std::uint64_t fingerprint64(std::string_view bytes) noexcept {
  return util::Fingerprint64(bytes.data(), bytes.size());
}

std::uint64_t fingerprint64(std::int64_t integer) noexcept {
  return fingerprint64(decimal(fmt::format_int(integer)));
}

std::uint64_t siphash64(SipKey key, std::string_view bytes) noexcept {
  SipState state{0x736f6d6570736575ULL ^ key.low, 0x646f72616e646f6dULL ^ key.high, 0x6c7967656e657261ULL ^ key.low,
                 0x7465646279746573ULL ^ key.high};
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) state.take(load(bytes.data()));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    last |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  state.take(last);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

std::uint64_t siphash64(SipKey key, std::int64_t integer) noexcept {
  return siphash64(key, decimal(fmt::format_int(integer)));
}

}  // namespace kin
