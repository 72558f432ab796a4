#pragma once

#include <cstdint>

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/input_layer.h"
#include "kinspace/nn/tape.h"

// From sequences, as SequenceLayer makes them, to one row each. Only the steps that a row has count: what a row gives
// depends neither on the other rows of its batch nor on what stands behind its end.

namespace kin {

/// How the steps of a row become one.
enum class StepPooling : std::uint8_t { kSum, kMean, kMax };

/// One row for each sequence: sum, mean or greatest value of each column over its steps.
///
/// Shapes   out [B, width].
/// Empty    a row without steps gives zeros.
/// Gradient of a greatest value goes to the first step that has it.
/// Errors   kInternal when steps and lengths do not go together; so for all ops here.
Var pool_steps(Tape& tape, const SequenceInput& x, StepPooling pooling);

/// Weighted mean of `values`, by how well the key of each step fits the query.
///
///   out[b] = sum_t w[b, t] values[b, t],   w[b] = softmax over the steps t of row b of query[b] . keys[b, t] / sqrt(D)
///
/// Shapes   query [B, D], or [1, D] for all rows; keys.steps [B * T, D]; values [B * T, V], usually the steps of the
///          keys; out [B, V].
/// Empty    a row without steps gives zeros.
/// Source   scaled dot product attention, Vaswani et al., arXiv:1706.03762.
Var attention_pool(Tape& tape, Var query, const SequenceInput& keys, Var values);

enum class Padding : std::uint8_t { kValid, kSame };

/// A convolution over steps.
struct ConvOptions {
  std::int64_t size = 3;              ///< steps that a window spans
  std::int64_t stride = 1;            ///< steps from one window to the next
  Padding padding = Padding::kValid;  ///< valid: windows lie within the row | same: ceil(length / stride) windows
  kernels::Activation activation = kernels::Activation::kLinear;
};

/// activation(window * kernel + bias) for each window of each row.
///
/// Shapes   x.steps [B * T, D]; kernel [size * D, F], the first D rows for the first step of a window; bias [1, F] or
///          none; out: as many steps a row as it has windows, zeros behind them.
/// Windows  each row is taken as if it were alone and nothing behind its end, so that `same` pads by its own length. A
///          row that is shorter than the kernel has one valid window, filled up with zeros; one without steps has none.
/// Errors   kInvalidArgument unless size and stride are at least 1.
/// Cost     2 B T size D F FLOP; the windows are copied side by side, B T size D floats.
/// Source   tf.keras.layers.Conv1D on each row.
SequenceInput conv1d(Tape& tape, const SequenceInput& x, Var kernel, Var bias, const ConvOptions& options);

}  // namespace kin
