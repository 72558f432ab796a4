#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/stored_tensor.h"

namespace kin::internal {

/// Gives `take` the values of a TensorProto as little-endian elements of `type`, which has a width, in order and in
/// pieces of up to 64 KiB. Returns how many there were; -1 when the bytes are no TensorProto.
std::int64_t visit_tensor_proto(std::string_view proto, StoredType type,
                                const std::function<void(std::int64_t first, std::string_view)>& take);

/// Bytes that an element of `type` has in a TensorProto at the least.
std::int64_t least_proto_bytes(StoredType type);

/// The strings of a TensorProto; false when the bytes are none.
bool tensor_proto_strings(std::string_view proto, std::vector<std::string>& strings);

}  // namespace kin::internal
