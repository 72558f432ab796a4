#include <fmt/core.h>

#include "kinspace/base/error.h"
#include "kinspace/data/batch.h"
#include "kinspace/features/fingerprint.h"
#include "kinspace/features/internal/id_maker.h"
#include "kinspace/features/internal/short_fingerprint.h"

namespace kin::internal {
namespace {

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
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::int64_t>(modulus.of(hash_(values.string(i))));
      }
    }
  }

 private:
  Modulus modulus_;
  Hash hash_;
  CodeCache cache_;
};

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
