#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/buffer.h"
#include "kinspace/base/prefetch.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/nn/optimizer.h"
#include "kinspace/tensor/matrix.h"

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
///          (stride_for_products).
/// Threads  any number of readers while nobody trains.
class Parameter {
 public:
  /// `decay` says whether l2 and weight decay reach it: usual for kernels and tables, not for biases. One that is not
  /// `trainable` has neither optimizer nor slots, and no gradient is recorded for it. `optimizer` must outlive it.
  /// Errors: kInvalidArgument unless 1 <= rows < 2^32 and dim >= 1; kResourceLimit.
  Parameter(std::string name, std::int64_t rows, std::int64_t dim, bool decay, const Optimizer* optimizer,
            bool trainable = true);

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

  float* row(std::int64_t r) noexcept { return data_ + r * stride_; }
  const float* row(std::int64_t r) const noexcept { return data_ + r * stride_; }
  /// Asks for a row that will soon be used, alone or with its slots.
  void prefetch_row(std::int64_t r) const noexcept { prefetch(row(r), static_cast<std::size_t>(dim_) * sizeof(float)); }
  void prefetch_row_and_slots(std::int64_t r) const noexcept {
    prefetch(row(r), static_cast<std::size_t>(stride_) * sizeof(float));
  }

  MatrixView weights() noexcept { return {data_, rows_, dim_, stride_}; }
  ConstMatrixView weights() const noexcept { return {data_, rows_, dim_, stride_}; }

  const std::vector<Slot>& slots() const noexcept { return slots_; }
  MatrixView slot(const Slot& slot) noexcept { return {data_ + dim_ + slot.offset, rows_, slot.width, stride_}; }
  ConstMatrixView slot(const Slot& slot) const noexcept {
    return {data_ + dim_ + slot.offset, rows_, slot.width, stride_};
  }

  /// Draws the weights of every row; slots stay. The values of a row are a function of (seed, name of the parameter,
  /// key number of the row): they depend on neither the number nor the order of the rows (glorot_uniform on N).
  void initialize(ThreadPool& pool, std::uint64_t seed, Initial initial, KeyNumber key_number);

  /// The same for one row.
  void initialize_row(std::uint64_t seed, Initial initial, std::int64_t row, std::uint64_t key_number) noexcept;

  /// Bytes that a parameter of this shape takes.
  static std::uint64_t bytes_needed(std::int64_t rows, std::int64_t dim, const Optimizer* optimizer) noexcept;

 private:
  std::string name_;
  std::uint64_t name_hash_;
  std::int64_t rows_;
  std::int64_t dim_;
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
