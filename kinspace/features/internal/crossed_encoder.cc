#include "kinspace/features/internal/crossed_encoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/batch.h"
#include "kinspace/features/internal/short_fingerprint.h"

namespace kin::internal {
namespace {

constexpr std::uint64_t kTensorFlowKey = 0xDECAFCAFFEULL;

}  // namespace

struct CrossedEncoder::Hashed {
  std::uint64_t key;
  Modulus modulus;
  bool drop;

  Combination start() const noexcept { return {key, true}; }
  Combination add(Combination c, const Operand& operand, std::uint64_t value) const noexcept {
    return {concatenate(c.value, value), c.known && !(operand.ids && static_cast<std::int64_t>(value) < 0)};
  }
  std::int64_t id(Combination c) const noexcept {
    return drop && !c.known ? -1 : static_cast<std::int64_t>(modulus.of(c.value));
  }
};

struct CrossedEncoder::Exact {
  Combination start() const noexcept { return {0, true}; }
  Combination add(Combination c, const Operand& operand, std::uint64_t value) const noexcept {
    return {c.value * operand.size + value, c.known && value < operand.size};
  }
  std::int64_t id(Combination c) const noexcept { return c.known ? static_cast<std::int64_t>(c.value) : -1; }
};

CrossedEncoder::CrossedEncoder(std::string name, const CrossedColumn& column, std::vector<Leaf> leaves,
                               std::unique_ptr<Weights> weights)
    : name_(std::move(name)),
      leaves_(std::move(leaves)),
      weights_(std::move(weights)),
      modulus_(column.buckets > 0 ? static_cast<std::uint64_t>(column.buckets) : 1),
      hash_key_(column.hash_key == 0 ? kTensorFlowKey : static_cast<std::uint64_t>(column.hash_key)),
      exact_(column.buckets == 0),
      dense_last_(column.order == "tf_dense"),
      drop_(column.oov == "drop"),
      num_buckets_(column.buckets),
      order_(leaves_.size()),
      sizes_(leaves_.size()),
      offsets_(leaves_.size()),
      operands_(leaves_.size()) {
  std::iota(order_.begin(), order_.end(), 0);
}

CrossedEncoder::CrossedEncoder(const CrossedEncoder& other)
    : name_(other.name_),
      weights_(other.weights_ ? std::make_unique<Weights>(*other.weights_) : nullptr),
      modulus_(other.modulus_),
      hash_key_(other.hash_key_),
      exact_(other.exact_),
      dense_last_(other.dense_last_),
      drop_(other.drop_),
      num_buckets_(other.num_buckets_),
      order_(other.order_),
      sizes_(other.sizes_),
      offsets_(other.leaves_.size()),
      operands_(other.leaves_.size()) {
  for (const Leaf& leaf : other.leaves_) {
    leaves_.push_back({leaf.name, leaf.reader ? leaf.reader->clone() : nullptr, leaf.part});
  }
}

void CrossedEncoder::bind(const Binding& binding) {
  for (const Leaf& leaf : leaves_) {
    if (leaf.reader) leaf.reader->bind(binding);
  }
  if (weights_) weights_->bind(binding);
  std::iota(order_.begin(), order_.end(), 0);
  if (!dense_last_) return;
  std::stable_partition(order_.begin(), order_.end(),
                        [&](std::size_t i) { return !leaves_[i].reader || !leaves_[i].reader->dense(); });
}

void CrossedEncoder::resolve(const std::vector<EncodedInfo>& parts) {
  if (!exact_) return;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t product = 1;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    sizes_[i] = static_cast<std::uint64_t>(parts[leaves_[i].part].num_buckets);
    if (sizes_[i] != 0 && product > kMax / sizes_[i]) {
      throw Error::invalid_argument(
          fmt::format("columns.{}: its parts have more than 2^63 combinations", toml_key(name_)),
          fmt::format("set columns.{}.buckets to hash them", toml_key(name_)));
    }
    product *= sizes_[i];
  }
  num_buckets_ = static_cast<std::int64_t>(product);  // 0 while a part is not fitted
}

void CrossedEncoder::describe(EncodedInfo& info) const {
  info.categorical = true;
  info.num_buckets = num_buckets_;
  info.weighted = weights_ != nullptr;
}

void CrossedEncoder::read(const BatchRows& rows, const std::vector<EncodedColumn>& parts) {
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Leaf& leaf = leaves_[order_[i]];
    Operand& operand = operands_[i];
    operand.size = sizes_[order_[i]];
    operand.ids = !leaf.reader;
    if (!leaf.reader) {
      const EncodedColumn& part = parts[leaf.part];
      operand.values = reinterpret_cast<const std::uint64_t*>(part.ids.data());
      operand.offsets = part.offsets.data();
      continue;
    }
    values_.offsets.swap(offsets_[i]);
    leaf.reader->read(rows, values_);
    values_.offsets.swap(offsets_[i]);
    operand.hashed.resize(values_.size());
    if (values_.integers) {
      std::copy(values_.numbers.begin(), values_.numbers.end(), operand.hashed.begin());
    } else {
      for (std::size_t k = 0; k < values_.size(); ++k) operand.hashed[k] = short_fingerprint(values_.string(k));
    }
    operand.values = operand.hashed.data();
    operand.offsets = offsets_[i].data();
  }
}

std::int64_t CrossedEncoder::combinations(const BatchRows& rows, std::size_t row) const {
  std::int64_t product = 1;
  bool large = false;
  for (const Operand& operand : operands_) {
    const std::int64_t count = operand.offsets[row + 1] - operand.offsets[row];
    if (count == 0) return 0;
    large |= product > kMaxCombinations / count;
    if (!large) product *= count;
  }
  if (large) {
    rows.fail(row, name_, fmt::format("has more than {} combinations in one row", with_thousands(kMaxCombinations)),
              "cross columns with fewer values in a cell");
  }
  return product;
}

template <class Rule>
void CrossedEncoder::combine_row(std::size_t row, const Rule& rule, std::int64_t* out) {
  prefixes_.assign(1, rule.start());
  const std::size_t last = operands_.size() - 1;
  for (std::size_t k = 0; k <= last; ++k) {
    const Operand& operand = operands_[k];
    const std::uint64_t* const begin = operand.values + operand.offsets[row];
    const std::uint64_t* const end = operand.values + operand.offsets[row + 1];
    longer_.clear();
    for (const Combination prefix : prefixes_) {
      for (const std::uint64_t* value = begin; value != end; ++value) {
        const Combination c = rule.add(prefix, operand, *value);
        if (k == last) {
          *out++ = rule.id(c);
        } else {
          longer_.push_back(c);
        }
      }
    }
    prefixes_.swap(longer_);
  }
}

// Part by part in place of row by row, where every row has one value of each; else false.
template <class Rule>
bool CrossedEncoder::combine_singles(std::size_t rows, const Rule& rule, EncodedColumn& out) {
  for (const Operand& operand : operands_) {
    std::int64_t apart = 0;
    for (std::size_t i = 0; i <= rows; ++i) apart |= operand.offsets[i] ^ static_cast<std::int64_t>(i);
    if (apart != 0) return false;
  }
  prefixes_.assign(rows, rule.start());
  for (const Operand& operand : operands_) {
    const std::uint64_t* const values = operand.values;
    for (std::size_t i = 0; i < rows; ++i) prefixes_[i] = rule.add(prefixes_[i], operand, values[i]);
  }
  out.ids.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) out.ids[i] = rule.id(prefixes_[i]);
  out.positions.assign(rows, 0);
  out.offsets.resize(rows + 1);
  std::iota(out.offsets.begin(), out.offsets.end(), 0);
  return true;
}

template <class Rule>
void CrossedEncoder::combine(const BatchRows& rows, const Rule& rule, EncodedColumn& out) {
  if (combine_singles(rows.size(), rule, out)) return;
  out.offsets.resize(rows.size() + 1);
  out.offsets[0] = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    out.offsets[row + 1] = out.offsets[row] + combinations(rows, row);
  }
  out.ids.resize(static_cast<std::size_t>(out.offsets[rows.size()]));
  out.positions.resize(out.ids.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto begin = static_cast<std::size_t>(out.offsets[row]);
    const std::int64_t count = out.offsets[row + 1] - out.offsets[row];
    if (count == 0) continue;
    if (count == 1) {
      Combination c = rule.start();
      for (const Operand& operand : operands_) c = rule.add(c, operand, operand.values[operand.offsets[row]]);
      out.ids[begin] = rule.id(c);
      out.positions[begin] = 0;
      continue;
    }
    combine_row(row, rule, out.ids.data() + begin);
    std::iota(out.positions.begin() + out.offsets[row], out.positions.begin() + out.offsets[row + 1], 0);
  }
}

void CrossedEncoder::encode(const BatchRows& rows, const std::vector<EncodedColumn>& parts, EncodedColumn& out) {
  read(rows, parts);
  if (exact_) {
    combine(rows, Exact{}, out);
  } else {
    combine(rows, Hashed{hash_key_, modulus_, drop_}, out);
  }
  if (weights_) weights_->pair(rows, out);
}

}  // namespace kin::internal
