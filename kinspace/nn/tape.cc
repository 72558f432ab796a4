#include "kinspace/nn/tape.h"

#include <fmt/format.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {

void Tape::begin(const StepOptions& options) {
  options_ = options;
  arena_.reset();
  sites_ = 0;
  last_ = nullptr;
  first_ = nullptr;
}

Var Tape::constant(ConstMatrixView value) {
  return result(value, false);
}

Var Tape::result(ConstMatrixView value, bool tracked) {
  return Var(arena_.create<detail::TapeNode>(value, MatrixView{}, tracked && options_.training));
}

Var Tape::result(ConstMatrixView value, ColumnRange wanted) {
  const Var var = result(value, wanted.end > wanted.begin);
  var.node_->wanted = wanted;
  return var;
}

Tape::Touched& Tape::touch(Parameter& parameter) {
  Touched** place = &first_;
  while (*place != nullptr) {
    if (&(*place)->rows.parameter() == &parameter) return **place;
    place = &(*place)->next;
  }
  const bool by_row = parameter.precision() == Precision::kBf16;
  *place = arena_.create<Touched>(RowGradient(arena_, parameter),
                                  detail::TapeNode{by_row ? MatrixView{} : parameter.weights(), MatrixView{},
                                                   options_.training && parameter.trainable()});
  return **place;
}

Var Tape::variable(Parameter& parameter) {
  if (parameter.precision() != Precision::kFp32) {
    throw Error::invalid_argument(
        fmt::format("table '{}' is kept in bf16, and the model reads it as a whole", parameter.name()),
        "keep it in floats (train.table_precision = \"fp32\"), or read its rows with combine()");
  }
  return Var(&touch(parameter).whole);
}

RowGradient& Tape::row_gradient(Parameter& parameter) {
  KIN_ASSERT(parameter.trainable());
  Touched& touched = touch(parameter);
  touched.by_row = true;
  return touched.rows;
}

MatrixView Tape::matrix(std::int64_t rows, std::int64_t cols) {
  return {arena_.array<float>(static_cast<std::size_t>(rows * cols)).data(), rows, cols, cols};
}

MatrixView Tape::zeros(std::int64_t rows, std::int64_t cols) {
  const MatrixView m = matrix(rows, cols);
  std::fill_n(m.data, rows * cols, 0.0F);
  return m;
}

GradientTarget Tape::gradient_target(Var v) {
  MatrixView& gradient = v.node_->gradient;
  const bool fresh = gradient.data == nullptr;
  if (fresh) gradient = matrix(v.rows(), v.cols());
  return {gradient, fresh};
}

void Tape::add_gradient(Var v, MatrixView added) {
  KIN_ASSERT(added.rows == v.rows() && added.cols == v.cols() && added.stride == added.cols);
  MatrixView& gradient = v.node_->gradient;
  if (gradient.data == nullptr) {
    gradient = added;
    return;
  }
  constexpr std::int64_t kChunk = 1 << 14;
  parallel_for(*pool_, added.rows * added.cols, kChunk, [&](std::int64_t begin, std::int64_t end) {
    kernels::active().add(added.data + begin, gradient.data + begin, end - begin);
  });
}

void Tape::backward(Var loss) {
  if (loss.rows() != 1 || loss.cols() != 1) {
    throw Error::internal(fmt::format("backward: the loss is [{}, {}] and has to be [1, 1]", loss.rows(), loss.cols()));
  }
  if (!loss.tracked()) throw Error::internal("backward: the loss depends on no parameter, or the step does not train");
  *gradient_target(loss).matrix.data = 1.0F;
  for (const Record* record = last_; record != nullptr; record = record->previous) {
    if (record->out->gradient.data != nullptr) record->run(record->closure, record->out->gradient);
  }
}

}  // namespace kin
