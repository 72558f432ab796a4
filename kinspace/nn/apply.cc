#include "kinspace/nn/apply.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"

namespace kin {
namespace {

constexpr std::int64_t kChunkRows = 32;
constexpr std::int64_t kPrefetchAhead = 2;
constexpr std::int64_t kLineFloats = 16;

/// The rows of one parameter that move in this step, numbered 0 .. size().
class Update {
 public:
  Update(Tape& tape, const Tape::Touched& touched, const Optimizer& optimizer, bool keep_sums)
      : parameter_(&touched.rows.parameter()), whole_(touched.whole.gradient), groups_(touched.rows.group()) {
    if (whole_.data == nullptr && optimizer.moves_all_rows()) {
      whole_ = tape.zeros(parameter_->rows(), parameter_->dim());
    }
    // A matrix gradient is summed up in place; sparse rows get a place each, or, when a row is summed and used at once,
    // one for each chunk.
    if (whole_.data == nullptr) sums_ = tape.matrix(keep_sums ? size() : chunks(), parameter_->dim());
    keep_sums_ = keep_sums;
  }

  Parameter& parameter() const noexcept { return *parameter_; }
  bool all_rows() const noexcept { return whole_.data != nullptr; }
  std::int64_t size() const noexcept { return all_rows() ? parameter_->rows() : groups_.size(); }
  std::int64_t chunks() const noexcept { return (size() + kChunkRows - 1) / kChunkRows; }

  std::int64_t row(std::int64_t u) const noexcept { return all_rows() ? u : groups_.rows[static_cast<std::size_t>(u)]; }

  float* sum(std::int64_t u) const noexcept {
    return all_rows() ? whole_.row(u) : sums_.row(keep_sums_ ? u : u / kChunkRows);
  }

  /// Calls f(u) for the rows of a chunk after sum(u) holds their gradient.
  template <class F>
  void for_summed(std::int64_t chunk, float l2, F f) const noexcept {
    const std::int64_t begin = chunk * kChunkRows;
    const std::int64_t end = std::min(begin + kChunkRows, size());
    std::int64_t group = all_rows() ? first_group(begin) : begin;
    for (std::int64_t u = begin; u < end; ++u) {
      if (u + kPrefetchAhead < end) prefetch(row(u + kPrefetchAhead));
      float* g = sum(u);
      if (!all_rows()) std::fill_n(g, parameter_->dim(), 0.0F);
      if (group < groups_.size() && groups_.rows[static_cast<std::size_t>(group)] == row(u)) {
        groups_.add_to(group++, g, parameter_->dim());
      }
      if (l2 != 0.0F && parameter_->decay()) kernels::active().axpy(l2, parameter_->row(row(u)), g, parameter_->dim());
      f(u);
    }
  }

 private:
  std::int64_t first_group(std::int64_t row) const noexcept {
    return std::lower_bound(groups_.rows.begin(), groups_.rows.end(), row,
                            [](std::uint32_t have, std::int64_t want) { return have < want; }) -
           groups_.rows.begin();
  }

  void prefetch(std::int64_t row) const noexcept {
    const float* data = parameter_->row(row);
    for (std::int64_t i = 0; i < parameter_->stride(); i += kLineFloats) __builtin_prefetch(data + i, 1);
  }

  Parameter* parameter_;
  MatrixView whole_;
  RowGroups groups_;
  MatrixView sums_;
  bool keep_sums_ = false;
};

double squared_norm(Tape& tape, const Update& update, float l2) {
  const auto partial = tape.arena().array<double>(static_cast<std::size_t>(update.chunks()));
  tape.pool().run(update.chunks(), [&](std::int64_t chunk) {
    double sum = 0;
    update.for_summed(chunk, l2, [&](std::int64_t u) {
      const float* g = update.sum(u);
      sum += double(kernels::active().dot(g, g, update.parameter().dim()));
    });
    partial[static_cast<std::size_t>(chunk)] = sum;
  });
  double sum = 0;
  for (const double part : partial) sum += part;
  return sum;
}

void move_row(const Update& update, std::int64_t u, const Optimizer& optimizer, const UpdateStep& step) noexcept {
  const Parameter& p = update.parameter();
  float* w = update.parameter().row(update.row(u));
  optimizer.update(step, p.decay(), update.sum(u), w, w + p.dim(), p.dim());
}

float clipping(double norm, float clip_norm) noexcept {
  if (!std::isfinite(norm)) return std::numeric_limits<float>::quiet_NaN();
  return norm <= double(clip_norm) ? 1.0F : static_cast<float>(double(clip_norm) / norm);
}

}  // namespace

double apply_gradients(Tape& tape, ParameterStore& store, const ApplyOptions& options) {
  KIN_ASSERT(store.optimizer() != nullptr);
  const Optimizer& optimizer = *store.optimizer();
  UpdateStep step = optimizer.step(options.step, options.rate_factor);

  if (options.clip_norm <= 0.0F) {
    for (const Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) {
      const Update update(tape, *t, optimizer, /*keep_sums=*/false);
      tape.pool().run(update.chunks(), [&](std::int64_t chunk) {
        update.for_summed(chunk, options.l2, [&](std::int64_t u) { move_row(update, u, optimizer, step); });
      });
    }
    return 0.0;
  }

  struct Pending {
    Update update;
    Pending* next;
  };
  Pending* first = nullptr;
  Pending** place = &first;
  double squares = 0;
  for (const Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) {
    *place = tape.arena().create<Pending>(Update(tape, *t, optimizer, /*keep_sums=*/true), nullptr);
    squares += squared_norm(tape, (*place)->update, options.l2);
    place = &(*place)->next;
  }
  const double norm = std::sqrt(squares);
  step.gradient_scale = clipping(norm, options.clip_norm);
  for (const Pending* p = first; p != nullptr; p = p->next) {
    parallel_for(tape.pool(), p->update.size(), kChunkRows, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t u = begin; u < end; ++u) move_row(p->update, u, optimizer, step);
    });
  }
  return norm;
}

Matrix total_gradient(Tape& tape, Parameter& parameter) {
  Matrix total(parameter.rows(), parameter.dim());
  for (const Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) {
    if (&t->rows.parameter() != &parameter) continue;
    if (const MatrixView whole = t->whole.gradient; whole.data != nullptr) {
      std::copy_n(whole.data, whole.rows * whole.cols, total.values().data());
    }
    const RowGroups groups = t->rows.group();
    for (std::int64_t u = 0; u < groups.size(); ++u) {
      groups.add_to(u, total.row(groups.rows[static_cast<std::size_t>(u)]), parameter.dim());
    }
  }
  return total;
}

}  // namespace kin
