#include "kinspace/formats/stored_tensor.h"

#include <fmt/format.h>

namespace kin {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 48;

struct TypeFacts {
  std::string_view name;
  std::uint64_t bytes;
  std::uint32_t tf;  ///< number in types.proto
};

/// In the order of StoredType.
constexpr TypeFacts kFacts[] = {
    {"bool", 1, 10},    {"uint8", 1, 4},     {"int8", 1, 6},    {"int16", 2, 5},     {"uint16", 2, 17},
    {"float16", 2, 19}, {"bfloat16", 2, 14}, {"int32", 4, 3},   {"uint32", 4, 22},   {"float32", 4, 1},
    {"int64", 8, 9},    {"uint64", 8, 23},   {"float64", 8, 2}, {"complex64", 8, 8}, {"complex128", 16, 18},
    {"string", 0, 7},   {"other", 0, 0},
};

const TypeFacts& facts(StoredType type) noexcept {
  return kFacts[static_cast<std::size_t>(type)];
}

// The first 13 of both enumerations are the same.
static_assert(static_cast<int>(StoredType::kF64) == static_cast<int>(TensorType::kF64));
static_assert(static_cast<int>(StoredType::kBF16) == static_cast<int>(TensorType::kBF16));

}  // namespace

std::uint64_t stored_type_bytes(StoredType type) noexcept {
  return facts(type).bytes;
}

std::string_view stored_type_name(StoredType type) noexcept {
  return facts(type).name;
}

StoredType stored_type(TensorType type) noexcept {
  return static_cast<StoredType>(type);
}

std::optional<TensorType> tensor_type(StoredType type) noexcept {
  if (type > StoredType::kF64) return std::nullopt;
  return static_cast<TensorType>(type);
}

StoredType stored_type_of_tf(std::uint64_t number) noexcept {
  for (int i = 0; i < static_cast<int>(StoredType::kOther); ++i) {
    if (kFacts[i].tf == number) return static_cast<StoredType>(i);
  }
  return StoredType::kOther;
}

std::uint32_t tf_number_of(StoredType type) noexcept {
  return facts(type).tf;
}

std::optional<std::int64_t> checked_elements(std::span<const std::int64_t> shape) noexcept {
  std::int64_t product = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0) {
      empty = true;
      continue;
    }
    if (extent > kMostElements / product) return std::nullopt;
    product *= extent;
  }
  return empty ? 0 : product;
}

std::int64_t StoredTensor::elements() const noexcept {
  return checked_elements(shape).value_or(0);
}

std::int64_t StoredTensor::cols() const noexcept {
  if (shape.empty()) return 1;
  return checked_elements(std::span(shape).subspan(1)).value_or(0);
}

std::string StoredTensor::describe() const {
  return fmt::format("{} [{}]", stored_type_name(type), fmt::join(shape, ", "));
}

}  // namespace kin
