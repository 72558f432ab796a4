#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <type_traits>

#include "kinspace/base/error.h"
#include "kinspace/data/batch.h"
#include "kinspace/features/fingerprint.h"
#include "kinspace/features/internal/id_maker.h"
#include "kinspace/features/internal/short_fingerprint.h"
#include "kinspace/kernels/kernels.h"

namespace kin::internal {
namespace {

struct Fingerprint {
  std::uint64_t operator()(std::string_view value) const noexcept { return short_fingerprint(value); }
  std::uint64_t operator()(std::int64_t value) const noexcept { return fingerprint64(value); }
};

struct SipHash {
  SipKey key;
  template <class Value>
  std::uint64_t operator()(Value value) const noexcept {
    return siphash64(key, value);
  }
};

template <class Hash>
class HashIds final : public IdMaker {
 public:
  HashIds(std::int64_t buckets, Hash hash) : modulus_(static_cast<std::uint64_t>(buckets)), hash_(hash) {}

  std::unique_ptr<IdMaker> clone() const override { return std::make_unique<HashIds>(*this); }
  std::int64_t num_buckets() const noexcept override { return static_cast<std::int64_t>(modulus_.divisor()); }

  void make(const Values& values, const BatchRows& /*rows*/, std::vector<std::int64_t>& ids) override {
    const std::size_t count = values.size();
    ids.resize(count);
    std::int64_t* const out = ids.data();
    const Modulus modulus = modulus_;
    if (values.integers) {
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::int64_t>(modulus.of(hash_(values.numbers[i])));
      }
    } else if (values.coded) {
      cache_.get(values, ids,
                 [&](std::size_t i) { return static_cast<std::int64_t>(modulus.of(hash_(values.string(i)))); });
    } else if constexpr (std::is_same_v<Hash, Fingerprint>) {
      constexpr std::size_t kAtOnce = 64;
      for (std::size_t first = 0; first < count; first += kAtOnce) {
        std::uint64_t unknown =
            kernels_.hash_strings(values.bytes, values.pieces.data() + first, std::min(kAtOnce, count - first),
                                  modulus.divisor(), modulus.reciprocal(), out + first);
        for (; unknown != 0; unknown &= unknown - 1) {
          const std::size_t i = first + static_cast<std::size_t>(std::countr_zero(unknown));
          out[i] = static_cast<std::int64_t>(modulus.of(hash_(values.string(i))));
        }
      }
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::int64_t>(modulus.of(hash_(values.string(i))));
      }
    }
  }

 private:
  const kernels::Table& kernels_ = kernels::active();
  Modulus modulus_;
  Hash hash_;
  CodeCache cache_;
};

}  // namespace

const std::vector<std::uint32_t>& IdMaker::renumbering() const noexcept {
  static const std::vector<std::uint32_t> kNone;
  return kNone;
}

std::unique_ptr<IdMaker> hash_ids(const std::string& column, std::int64_t buckets,
                                  const std::vector<std::int64_t>& salt) {
  const std::string key = toml_key(column);
  if (buckets < 1) {
    throw Error::invalid_argument(
        fmt::format("columns.{}.buckets is {}; a hashed column needs at least 1", key, buckets),
        "ten times the number of different values keeps collisions below 5 %");
  }
  if (salt.empty()) return std::make_unique<HashIds<Fingerprint>>(buckets, Fingerprint());
  if (salt.size() != 2) {
    throw Error::invalid_argument(
        fmt::format("columns.{}.salt has {} integers; a key of SipHash has two", key, salt.size()));
  }
  return std::make_unique<HashIds<SipHash>>(
      buckets, SipHash{{static_cast<std::uint64_t>(salt[0]), static_cast<std::uint64_t>(salt[1])}});
}

}  // namespace kin::internal
