#include "kinspace/formats/internal/tensor_proto.h"

#include <algorithm>

#include "kinspace/formats/proto_wire.h"

namespace kin::internal {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;
constexpr std::uint32_t kContent = 4;
constexpr std::uint32_t kStrings = 8;

/// The field of tensor.proto that has the values of a type, and how each number there is written.
struct ValueField {
  std::uint32_t number;
  WireType type;
};

ValueField value_field(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return {5, WireType::kFixed32};
    case StoredType::kF64:
      return {6, WireType::kFixed64};
    case StoredType::kComplex64:
      return {9, WireType::kFixed32};
    case StoredType::kI64:
      return {10, WireType::kVarint};
    case StoredType::kBool:
      return {11, WireType::kVarint};
    case StoredType::kComplex128:
      return {12, WireType::kFixed64};
    case StoredType::kF16:
    case StoredType::kBF16:
      return {13, WireType::kVarint};
    case StoredType::kU32:
      return {16, WireType::kVarint};
    case StoredType::kU64:
      return {17, WireType::kVarint};
    default:
      return {7, WireType::kVarint};
  }
}

/// Gathers elements into pieces.
class Pieces {
 public:
  Pieces(std::size_t width, const std::function<void(std::int64_t, std::string_view)>& take)
      : width_(width), take_(take) {}

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t some = std::min(bytes.size(), kPiece - piece_.size());
      piece_.append(bytes.substr(0, some));
      bytes.remove_prefix(some);
      if (piece_.size() == kPiece) flush();
    }
  }
  /// Whole elements in all?
  bool finish() {
    const bool whole = piece_.size() % width_ == 0;
    if (whole) flush();
    return whole;
  }
  std::int64_t count() const noexcept { return count_; }

 private:
  void flush() {  // kPiece is a multiple of every width
    if (!piece_.empty()) take_(count_, piece_);
    count_ += static_cast<std::int64_t>(piece_.size() / width_);
    piece_.clear();
  }

  std::size_t width_;
  const std::function<void(std::int64_t, std::string_view)>& take_;
  std::string piece_;
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t visit_tensor_proto(std::string_view proto, StoredType type,
                                const std::function<void(std::int64_t first, std::string_view)>& take) {
  const ValueField wanted = value_field(type);
  const std::size_t width = stored_type_bytes(type);
  Pieces pieces(width, take);
  const auto add_varint = [&](std::uint64_t value) {
    pieces.add({reinterpret_cast<const char*>(&value), width});  // the lowest bytes of a sign-extended number
  };
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (field->is(kContent, WireType::kBytes)) {
      pieces.add(field->bytes);
    } else if (field->is(wanted.number, WireType::kBytes)) {  // packed
      if (wanted.type != WireType::kVarint) {
        pieces.add(field->bytes);
        continue;
      }
      for (std::string_view rest = field->bytes; !rest.empty();) {
        const auto value = take_varint(rest);
        if (!value) return -1;
        add_varint(*value);
      }
    } else if (field->is(wanted.number, wanted.type)) {
      if (wanted.type == WireType::kVarint) {
        add_varint(field->value);
      } else {
        const std::size_t bytes = wanted.type == WireType::kFixed32 ? 4 : 8;
        pieces.add({reinterpret_cast<const char*>(&field->value), bytes});
      }
    }
  }
  if (reader.damaged() || !pieces.finish()) return -1;
  return pieces.count();
}

std::int64_t least_proto_bytes(StoredType type) {
  const bool fixed = stored_type_bytes(type) > 0 && value_field(type).type != WireType::kVarint;
  return fixed ? static_cast<std::int64_t>(stored_type_bytes(type)) : 1;
}

bool tensor_proto_strings(std::string_view proto, std::vector<std::string>& strings) {
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (field->is(kStrings, WireType::kBytes)) strings.emplace_back(field->bytes);
  }
  return !reader.damaged();
}

}  // namespace kin::internal
