#include "kinspace/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kin {
namespace {

std::string to_hex(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(32);
  for (const unsigned char byte : bytes.digest) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

}  // namespace

struct Checksum::State {
  XXH3_state_t xxh3;
};

Checksum::Checksum() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->xxh3);
}
Checksum::~Checksum() = default;

void Checksum::update(const void* data, std::size_t bytes) {
  XXH3_128bits_update(&state_->xxh3, data, bytes);
}

std::string Checksum::hex() const {
  return to_hex(XXH3_128bits_digest(&state_->xxh3));
}

std::string checksum_hex(std::string_view bytes) {
  return to_hex(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace kin
