#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// A box of a tensor: elements [start, start + length) of each dimension.
struct TensorSlice {
  struct Extent {
    std::int64_t start = 0;
    std::int64_t length = kAll;

    friend bool operator==(const Extent&, const Extent&) = default;
  };
  static constexpr std::int64_t kAll = -1;  ///< the whole dimension, as TensorFlow writes it

  std::vector<Extent> extents;

  friend bool operator==(const TensorSlice&, const TensorSlice&) = default;
};

/// A TensorSliceProto; nothing where it is damaged.
std::optional<TensorSlice> parse_tensor_slice(std::string_view proto);

/// A TensorShapeProto; nothing where it is damaged or of unknown rank.
std::optional<std::vector<std::int64_t>> parse_tensor_shape(std::string_view proto);
std::string render_tensor_shape(std::span<const std::int64_t> shape);

/// The key of a slice in the index of a checkpoint: a 0, the name, the rank and the extents in TensorFlow's
/// OrderedCode (docs/formats/tf-checkpoint.md).
std::string tensor_slice_key(std::string_view name, const TensorSlice& slice);

/// `slice` with each kAll replaced; nothing when it does not lie in a tensor of that shape.
std::optional<TensorSlice> resolve_tensor_slice(TensorSlice slice, std::span<const std::int64_t> shape);

std::int64_t slice_elements(const TensorSlice& resolved) noexcept;

/// Says why resolved slices are not every element of the tensor exactly once, or nothing when they are.
/// Cost: O(n^2) of n slices, of which at most 4096 are looked at.
std::string check_tensor_slices(std::span<const TensorSlice> slices, std::span<const std::int64_t> shape);

/// A row of elements that lie behind each other in the tensor and in the slice.
struct SliceRun {
  std::int64_t in_tensor = 0;
  std::int64_t in_slice = 0;
  std::int64_t count = 0;
};

/// The rest of the run that element `in_slice` of a resolved slice stands in. Cost: O(dimensions).
SliceRun slice_run_at(const TensorSlice& slice, std::span<const std::int64_t> shape, std::int64_t in_slice);

/// The runs of a resolved slice, clipped to the elements [first, first + count) of the tensor, in rising order.
void visit_slice_runs(const TensorSlice& slice, std::span<const std::int64_t> shape, std::int64_t first,
                      std::int64_t count, const std::function<void(const SliceRun&)>& visitor);

}  // namespace kin
