#include <fmt/format.h>

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/internal/sequence.h"
#include "kinspace/nn/steps.h"

namespace kin {
namespace {

using internal::for_rows;
using internal::rows_of;
using internal::steps_of;

/// Where the windows of a row lie.
struct Windows {
  std::int64_t count = 0;
  std::int64_t before = 0;  ///< zeros in front of the first step
};

Windows windows_of(std::int64_t steps, const ConvOptions& o) {
  if (steps == 0) return {};
  if (o.padding == Padding::kValid) return {1 + std::max<std::int64_t>(steps - o.size, 0) / o.stride, 0};
  const std::int64_t count = (steps - 1) / o.stride + 1;
  return {count, std::max<std::int64_t>((count - 1) * o.stride + o.size - steps, 0) / 2};
}

/// Calls f(row of steps, row of windows, place within the window) for each step of each window of row b.
template <class F>
void for_window_steps(const SequenceInput& x, std::int64_t out_length, const ConvOptions& o, std::int64_t b, F f) {
  const Windows windows = windows_of(steps_of(x, b), o);
  for (std::int64_t w = 0; w < windows.count; ++w) {
    const std::int64_t start = w * o.stride - windows.before;
    const std::int64_t end = std::min(start + o.size, steps_of(x, b));
    for (std::int64_t t = std::max<std::int64_t>(start, 0); t < end; ++t) {
      f(b * x.length + t, b * out_length + w, t - start);
    }
  }
}

/// The steps of each window side by side: [B * out_length, size * D].
Var unfold(Tape& tape, const SequenceInput& x, std::int64_t out_length, const ConvOptions& o) {
  const std::int64_t width = x.steps.cols();
  const MatrixView out = tape.zeros(rows_of(x) * out_length, o.size * width);
  for_rows(tape, rows_of(x), [&](std::int64_t b) {
    for_window_steps(x, out_length, o, b, [&](std::int64_t step, std::int64_t window, std::int64_t place) {
      std::copy_n(x.steps.value().row(step), width, out.row(window) + place * width);
    });
  });
  const Var result = tape.result(out, x.steps.tracked());
  tape.record(result, [&tape, x, out_length, o, width](ConstMatrixView d_out) {
    const MatrixView d = tape.zeros(x.steps.rows(), width);
    for_rows(tape, rows_of(x), [&](std::int64_t b) {
      for_window_steps(x, out_length, o, b, [&](std::int64_t step, std::int64_t window, std::int64_t place) {
        kernels::active().add(d_out.row(window) + place * width, d.row(step), width);
      });
    });
    tape.add_gradient(x.steps, d);
  });
  return result;
}

/// Zeros behind the end of each row.
Var mask_steps(Tape& tape, const SequenceInput& x) {
  const auto masked = [&tape, x](ConstMatrixView in) {
    const MatrixView out = tape.zeros(in.rows, in.cols);
    for_rows(tape, rows_of(x), [&](std::int64_t b) {
      for (std::int64_t t = 0; t < steps_of(x, b); ++t) {
        std::copy_n(in.row(b * x.length + t), in.cols, out.row(b * x.length + t));
      }
    });
    return out;
  };
  const Var result = tape.result(masked(x.steps.value()), x.steps.tracked());
  tape.record(result, [&tape, x, masked](ConstMatrixView d_out) { tape.add_gradient(x.steps, masked(d_out)); });
  return result;
}

}  // namespace

SequenceInput conv1d(Tape& tape, const SequenceInput& x, Var kernel, Var bias, const ConvOptions& options) {
  internal::check_sequence("conv1d", x);
  if (options.size < 1 || options.stride < 1) {
    throw Error::invalid_argument(
        fmt::format("conv1d: size = {} and stride = {} have to be at least 1", options.size, options.stride));
  }
  internal::check_shape("conv1d", "kernel", kernel.value(), options.size * x.steps.cols(), kernel.cols());
  const auto lengths = tape.arena().array<std::int64_t>(x.lengths.size());
  std::transform(x.lengths.begin(), x.lengths.end(), lengths.begin(),
                 [&](std::int64_t steps) { return windows_of(steps, options).count; });
  const std::int64_t longest = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
  const Var windows = unfold(tape, x, longest, options);
  SequenceInput out{dense(tape, windows, kernel, bias, options.activation), longest, lengths};
  out.steps = mask_steps(tape, out);
  return out;
}

}  // namespace kin
