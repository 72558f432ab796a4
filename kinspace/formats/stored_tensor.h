#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/safetensors_header.h"

namespace kin {

/// Element types of the tensors that files hold. kOther is one that can be listed, not read.
enum class StoredType : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kI64,
  kU64,
  kF64,
  kComplex64,
  kComplex128,
  kString,
  kOther,
};

/// Bytes of one element; 0 for kString and kOther.
std::uint64_t stored_type_bytes(StoredType type) noexcept;

/// NumPy's and TensorFlow's name: "float32", "bfloat16", "bool", "string"; "other".
std::string_view stored_type_name(StoredType type) noexcept;

StoredType stored_type(TensorType type) noexcept;
/// Nothing for what safetensors does not have.
std::optional<TensorType> tensor_type(StoredType type) noexcept;

/// TensorFlow's number of a type (DataType of types.proto): 1 for float32. kOther and 0 for those not listed above.
StoredType stored_type_of_tf(std::uint64_t number) noexcept;
std::uint32_t tf_number_of(StoredType type) noexcept;

/// A tensor of a file.
struct StoredTensor {
  std::string name;
  StoredType type = StoredType::kF32;
  std::vector<std::int64_t> shape;  ///< none: a scalar

  std::int64_t elements() const noexcept;  ///< of a shape that checked_elements() accepts

  /// As a matrix: rows() = the first extent (1 of a scalar), cols() = the product of the others.
  std::int64_t rows() const noexcept { return shape.empty() ? 1 : shape[0]; }
  std::int64_t cols() const noexcept;

  std::string describe() const;  ///< "float32 [3, 4]"
};

/// The number of elements of a shape; nothing when an extent is negative or the extents other than 0 have a product
/// beyond 2^48, more than any file can hold.
std::optional<std::int64_t> checked_elements(std::span<const std::int64_t> shape) noexcept;

}  // namespace kin
