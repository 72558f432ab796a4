#include "kinspace/formats/tf_slices.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "kinspace/formats/proto_wire.h"

namespace kin {
namespace {

constexpr std::size_t kMostSlices = 4096;
constexpr std::size_t kMostDimensions = 254;  // TensorFlow's own limit

std::optional<TensorSlice::Extent> parse_extent(std::string_view proto) {
  TensorSlice::Extent extent;
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kVarint)) extent.start = static_cast<std::int64_t>(field->value);
    if (field->is(2, WireType::kVarint)) extent.length = static_cast<std::int64_t>(field->value);
  }
  if (reader.damaged()) return std::nullopt;
  return extent;
}

// OrderedCode, as in TensorFlow's core/lib/strings/ordered_code.cc: texts that sort as the values do.
void append_ordered(std::string& to, std::uint64_t value) {
  const int bytes = (std::bit_width(value) + 7) / 8;
  to.push_back(static_cast<char>(bytes));
  for (int i = bytes - 1; i >= 0; --i) to.push_back(static_cast<char>(value >> (8 * i)));
}

void append_ordered(std::string& to, std::string_view text) {
  for (const char c : text) {
    to.push_back(c);
    if (c == '\0') to.push_back('\xFF');
    if (c == '\xFF') to.push_back('\0');
  }
  to.append("\0\1", 2);
}

void append_ordered_signed(std::string& to, std::int64_t value) {
  const auto magnitude = static_cast<std::uint64_t>(value < 0 ? ~value : value);
  const int length = std::bit_width(magnitude) / 7 + 1;  // 1 to 10 bytes of 7 bits each, one for the sign
  // Two's complement in 10 bytes, big-endian; so many ones in front as there are bytes, the sign's own turned.
  std::uint8_t bytes[10];
  for (int i = 0; i < 10; ++i) {
    const int shift = 8 * (9 - i);
    bytes[i] =
        shift >= 64 ? (value < 0 ? 0xFF : 0) : static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift);
  }
  std::uint8_t* begin = bytes + (10 - length);
  const std::uint32_t ones = 0xFFFFU << (16 - length) & 0xFFFFU;
  begin[0] = static_cast<std::uint8_t>(begin[0] ^ (ones >> 8));
  if (length > 1) begin[1] = static_cast<std::uint8_t>(begin[1] ^ (ones & 0xFF));
  to.append(reinterpret_cast<const char*>(begin), static_cast<std::size_t>(length));
}

bool overlap(const TensorSlice& a, const TensorSlice& b) {
  for (std::size_t d = 0; d < a.extents.size(); ++d) {
    const auto& x = a.extents[d];
    const auto& y = b.extents[d];
    if (x.start + x.length <= y.start || y.start + y.length <= x.start) return false;
  }
  return true;
}

}  // namespace

std::optional<TensorSlice> parse_tensor_slice(std::string_view proto) {
  TensorSlice slice;
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (!field->is(1, WireType::kBytes)) continue;
    const auto extent = parse_extent(field->bytes);
    if (!extent || slice.extents.size() == kMostDimensions) return std::nullopt;
    slice.extents.push_back(*extent);
  }
  if (reader.damaged()) return std::nullopt;
  return slice;
}

std::optional<std::vector<std::int64_t>> parse_tensor_shape(std::string_view proto) {
  std::vector<std::int64_t> shape;
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (field->is(3, WireType::kVarint) && field->value != 0) return std::nullopt;
    if (!field->is(2, WireType::kBytes)) continue;
    std::int64_t size = 0;
    ProtoReader dimension(field->bytes);
    while (const auto part = dimension.next()) {
      if (part->is(1, WireType::kVarint)) size = static_cast<std::int64_t>(part->value);
    }
    if (dimension.damaged() || shape.size() == kMostDimensions) return std::nullopt;
    shape.push_back(size);
  }
  if (reader.damaged()) return std::nullopt;
  return shape;
}

std::string render_tensor_shape(std::span<const std::int64_t> shape) {
  std::string proto;
  for (const std::int64_t extent : shape) {
    std::string dimension;
    append_number_field(dimension, 1, static_cast<std::uint64_t>(extent));
    append_bytes_field(proto, 2, dimension);
  }
  return proto;
}

std::string tensor_slice_key(std::string_view name, const TensorSlice& slice) {
  std::string key;
  append_ordered(key, std::uint64_t{0});
  append_ordered(key, name);
  append_ordered(key, std::uint64_t{slice.extents.size()});
  for (const TensorSlice::Extent& extent : slice.extents) {
    append_ordered_signed(key, extent.start);
    append_ordered_signed(key, extent.length);
  }
  return key;
}

std::optional<TensorSlice> resolve_tensor_slice(TensorSlice slice, std::span<const std::int64_t> shape) {
  if (slice.extents.size() != shape.size()) return std::nullopt;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    TensorSlice::Extent& extent = slice.extents[d];
    if (extent.length == TensorSlice::kAll) extent.length = shape[d];
    if (extent.start < 0 || extent.length < 0 || extent.start > shape[d] || extent.length > shape[d] - extent.start) {
      return std::nullopt;
    }
  }
  return slice;
}

std::int64_t slice_elements(const TensorSlice& resolved) noexcept {
  std::int64_t product = 1;
  for (const TensorSlice::Extent& extent : resolved.extents) product *= extent.length;
  return product;
}

std::string check_tensor_slices(std::span<const TensorSlice> slices, std::span<const std::int64_t> shape) {
  if (slices.size() > kMostSlices)
    return fmt::format("it has {} slices; at most {} are read", slices.size(), kMostSlices);
  std::int64_t wanted = 1;
  for (const std::int64_t extent : shape) wanted *= extent;
  std::int64_t elements = 0;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const std::int64_t own = slice_elements(slices[i]);
    if (own > wanted - elements) return "its slices overlap";
    elements += own;
    for (std::size_t j = 0; j < i && own > 0; ++j) {
      if (slice_elements(slices[j]) > 0 && overlap(slices[i], slices[j])) return "its slices overlap";
    }
  }
  if (elements != wanted) return fmt::format("its slices have {} of its {} elements", elements, wanted);
  return {};
}

SliceRun slice_run_at(const TensorSlice& slice, std::span<const std::int64_t> shape, std::int64_t in_slice) {
  // From dimension `inner` on the slice is whole; that dimension still gives one run.
  std::int64_t in_tensor = 0;
  std::int64_t stride = 1;
  std::int64_t rest = in_slice;
  std::int64_t run = 1;  // elements of the run that holds all from here on
  std::int64_t left = 1;
  bool whole = true;
  for (std::size_t d = shape.size(); d > 0; --d) {
    const TensorSlice::Extent& extent = slice.extents[d - 1];
    in_tensor += (extent.start + rest % extent.length) * stride;
    rest /= extent.length;
    stride *= shape[d - 1];
    if (whole) {
      run *= extent.length;
      left = run - in_slice % run;
      whole = extent.length == shape[d - 1];
    }
  }
  return {in_tensor, in_slice, left};
}

void visit_slice_runs(const TensorSlice& slice, std::span<const std::int64_t> shape, std::int64_t first,
                      std::int64_t count, const std::function<void(const SliceRun&)>& visitor) {
  const std::int64_t all = slice_elements(slice);
  for (std::int64_t at = 0; at < all;) {
    SliceRun run = slice_run_at(slice, shape, at);
    at += run.count;
    const std::int64_t skip = std::max<std::int64_t>(0, first - run.in_tensor);
    const std::int64_t end = std::min(run.count, first + count - run.in_tensor);
    if (end <= 0) return;
    if (skip < end) visitor({run.in_tensor + skip, run.in_slice + skip, end - skip});
  }
}

}  // namespace kin
