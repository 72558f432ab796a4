#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/buffer.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/prefetch.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/optimizer.h"
#include "kinspace/tensor/matrix.h"
#include "kinspace/tensor/rows_view.h"

namespace kin {

/// What a parameter starts from.
struct Initial {
  enum class Kind : std::uint8_t { kConstant, kGlorotUniform, kTruncatedNormal };
  Kind kind = Kind::kConstant;
  float value = 0.0F;  ///< the constant, or the standard deviation before truncation

  static Initial constant(float value) { return {Kind::kConstant, value}; }
  /// Uniform within sqrt(6 / (N + D)), as Keras' dense layers start.
  static Initial glorot_uniform() { return {Kind::kGlorotUniform, 0.0F}; }
  /// Normal, redrawn beyond two standard deviations, as TensorFlow's embedding columns start (with 1 / sqrt(D)).
  static Initial truncated_normal(float stddev) { return {Kind::kTruncatedNormal, stddev}; }
};

/// Number of the key that a row stands for.
using KeyNumber = FunctionRef<std::uint64_t(std::int64_t row)>;

/// A matrix [N, D] by name, all zero at first: an embedding table, the kernel of a dense layer, a bias, moving
/// averages.
///
/// Layout   row r is D weights, then the slots of the optimizer for that row, so that an update touches neighbouring
///          cache lines only; without an optimizer (prediction, not trainable) there are no slots. Rows are padded to
///          whole cache lines where that costs at most an eighth more memory, and products read them where they lie
///          (stride_for_products). Weights in bf16 take half the room, slots are floats in any case.
/// Threads  any number of readers while nobody trains.
class Parameter {
 public:
  /// `decay` says whether l2 and weight decay reach it: usual for kernels and tables, not for biases. One that is not
  /// `trainable` has neither optimizer nor slots, and no gradient is recorded for it. `optimizer` must outlive it.
  /// Weights of kBf16 are read by read_row() and stored() only, so no product takes them as a whole; those of one
  /// column stay floats, which take no more room.
  /// Errors: kInvalidArgument unless 1 <= rows < 2^32 and dim >= 1; kResourceLimit.
  Parameter(std::string name, std::int64_t rows, std::int64_t dim, bool decay, const Optimizer* optimizer,
            bool trainable = true, Precision precision = Precision::kFp32);

  /// Weights for prediction that lie in memory already, row behind row, which this keeps alive: no optimizer, no slots.
  /// Errors: kInvalidArgument as above.
  Parameter(std::string name, std::int64_t rows, std::int64_t dim, std::shared_ptr<float> weights);

  const std::string& name() const noexcept { return name_; }
  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t dim() const noexcept { return dim_; }
  std::int64_t stride() const noexcept { return stride_; }
  bool decay() const noexcept { return decay_; }
  bool trainable() const noexcept { return trainable_; }

  /// What moves it; null when predicting, and when it is not trainable.
  const Optimizer* optimizer() const noexcept { return optimizer_; }

  Precision precision() const noexcept { return precision_; }

  /// Weights of kFp32.
  float* row(std::int64_t r) noexcept { return data_ + r * stride_; }
  const float* row(std::int64_t r) const noexcept { return data_ + r * stride_; }

  /// The weights of a row of either kind: where they lie, or as floats in `room` [D].
  const float* read_row(std::int64_t r, float* room) const noexcept {
    if (precision_ == Precision::kFp32) return row(r);
    kernels::active().widen_bf16(bf16_row(r), room, dim_);
    return room;
  }

  /// Rounds the weights of a row of kBf16 stochastically (kernels::Table::round_to_bf16_randomly), by random numbers
  /// that are a function of the row and of `key`, the rounding_key() of a step: the order of calls does not matter.
  void round_row(std::int64_t r, const float* weights, std::uint64_t key) noexcept {
    const auto of_row = static_cast<std::uint32_t>(mix64(key ^ static_cast<std::uint64_t>(r)));
    kernels::active().round_to_bf16_randomly(of_row, weights, bf16_row(r), dim_);
  }
  std::uint64_t rounding_key(std::uint64_t seed, std::int64_t step) const noexcept;

  /// Slots of a row, the first one first.
  float* slots_of_row(std::int64_t r) noexcept { return row(r) + weight_floats_; }

  /// Asks for a row that will soon be used, alone or with its slots.
  void prefetch_row(std::int64_t r) const noexcept { prefetch(row(r), weight_bytes()); }
  void prefetch_row_and_slots(std::int64_t r) const noexcept {
    prefetch(row(r), static_cast<std::size_t>(stride_) * sizeof(float));
  }

  /// Errors: kInternal for weights of kBf16.
  MatrixView weights() { return stored().floats(); }
  ConstMatrixView weights() const { return stored().floats(); }

  /// Weights of either kind, for those who copy them.
  RowsView stored() const noexcept { return {data_, rows_, dim_, stride_ * std::int64_t{sizeof(float)}, precision_}; }

  const std::vector<Slot>& slots() const noexcept { return slots_; }
  MatrixView slot(const Slot& slot) noexcept {
    return {data_ + weight_floats_ + slot.offset, rows_, slot.width, stride_};
  }
  ConstMatrixView slot(const Slot& slot) const noexcept {
    return {data_ + weight_floats_ + slot.offset, rows_, slot.width, stride_};
  }

  /// Draws the weights of every row, those of kBf16 being the nearest; slots stay. The values of a row are a function
  /// of (seed, name of the parameter, key number of the row): they depend on neither the number nor the order of the
  /// rows (glorot_uniform on N).
  void initialize(ThreadPool& pool, std::uint64_t seed, Initial initial, KeyNumber key_number);

  /// The same for one row.
  void initialize_row(std::uint64_t seed, Initial initial, std::int64_t row, std::uint64_t key_number);

  /// Bytes that a parameter of this shape takes.
  static std::uint64_t bytes_needed(std::int64_t rows, std::int64_t dim, const Optimizer* optimizer,
                                    Precision precision = Precision::kFp32) noexcept;

 private:
  std::size_t weight_bytes() const noexcept {
    return static_cast<std::size_t>(dim_) * (precision_ == Precision::kFp32 ? sizeof(float) : sizeof(kernels::Bf16));
  }
  kernels::Bf16* bf16_row(std::int64_t r) const noexcept {
    return reinterpret_cast<kernels::Bf16*>(data_ + r * stride_);
  }
  void draw(std::uint64_t seed, Initial initial, std::uint64_t key_number, float* weights) const noexcept;

  std::string name_;
  std::uint64_t name_hash_;
  std::int64_t rows_;
  std::int64_t dim_;
  Precision precision_;
  std::int64_t weight_floats_;  // room of the weights of a row
  std::int64_t stride_;
  bool decay_;
  bool trainable_;
  const Optimizer* optimizer_;
  std::vector<Slot> slots_;
  Buffer<float> buffer_;
  std::shared_ptr<float> borrowed_;
  float* data_;  // of the one or the other
};

}  // namespace kin
