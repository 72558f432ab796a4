#include "kinspace/nn/apply.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/clip.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/internal/row_index.h"
#include "kinspace/nn/internal/scalar_rows.h"

namespace kin {
namespace {

constexpr std::int64_t kChunkRows = 32;
constexpr std::int64_t kPrefetchAhead = 16;

/// The rows of one parameter that move in this step, numbered 0 .. size().
class Update {
 public:
  Update(Tape& tape, const Tape::Touched& touched, const RowGroups& groups, std::uint64_t seed,
         const ApplyOptions& options, bool keep_sums)
      : parameter_(&touched.rows.parameter()),
        optimizer_(parameter_->optimizer()),
        whole_(touched.whole.gradient),
        groups_(groups),
        l2_(parameter_->decay() ? options.l2 : 0.0F),
        clip_value_(optimizer_->options().clip_value),
        idle_(optimizer_->idle_rows()),
        given_all_(whole_.data != nullptr),
        slices_(options.clip_slices && !given_all_),
        keep_sums_(keep_sums) {
    if (whole_.data == nullptr && idle_ != Optimizer::Idle::kStay) {
      whole_ = tape.zeros(parameter_->rows(), parameter_->dim());
    }
    // A matrix gradient is summed up in place; sparse rows get a place each, or, when a row is summed and used at once,
    // one for each chunk.
    if (whole_.data == nullptr) sums_ = tape.matrix(keep_sums ? size() : chunks(), parameter_->dim());
    if (slices_) slice_ = tape.matrix(chunks(), parameter_->dim());
    if (parameter_->precision() == Precision::kBf16) {
      widened_ = tape.matrix(chunks(), parameter_->dim());
      rounding_key_ = parameter_->rounding_key(seed, options.step);
    }
  }

  Parameter& parameter() const noexcept { return *parameter_; }
  const Optimizer& optimizer() const noexcept { return *optimizer_; }
  bool all_rows() const noexcept { return whole_.data != nullptr; }
  std::int64_t size() const noexcept { return all_rows() ? parameter_->rows() : groups_.size(); }
  std::int64_t chunks() const noexcept { return (size() + kChunkRows - 1) / kChunkRows; }

  /// Sums the gradients of a chunk of rows; calls f(u) for each when that of row u is ready, and has to be used at once
  /// unless sums are kept. Returns the sum of squares, which takes no time unless sums are kept.
  template <class F>
  double for_summed(std::int64_t chunk, F f) const noexcept {
    const std::int64_t begin = chunk * kChunkRows;
    const std::int64_t end = std::min(begin + kChunkRows, size());
    std::int64_t group = all_rows() ? first_group(begin) : begin;
    double squares = 0;
    for (std::int64_t u = begin; u < end; ++u) {
      if (u + kPrefetchAhead < size()) prefetch_for(u + kPrefetchAhead);
      if (!all_rows()) std::fill_n(sum(u), parameter_->dim(), 0.0F);
      const bool has_group = group < groups_.size() && groups_.rows[static_cast<std::size_t>(group)] == row(u);
      squares += slices_ ? add_slices(u, has_group ? group : -1) : add_sum(u, has_group ? group : -1);
      if (has_group) ++group;
      f(u);
    }
    return squares;
  }

  /// The rows of a chunk, whose sums were kept.
  void move_summed(std::int64_t chunk, const UpdateStep& step) const noexcept {
    const std::int64_t begin = chunk * kChunkRows;
    const std::int64_t end = std::min(begin + kChunkRows, size());
    for (std::int64_t u = begin; u < end; ++u) move(u, step);
  }

  /// Row u by its summed gradient.
  void move(std::int64_t u, const UpdateStep& step) const noexcept {
    const std::int64_t r = row(u);
    float* slots = parameter_->slots_of_row(r);
    if (idle_ == Optimizer::Idle::kSlotsDecay && !given(u)) {
      optimizer_->decay_slots(slots, parameter_->dim());
    } else if (widened_.data == nullptr) {
      optimizer_->update(step, parameter_->decay(), sum(u), parameter_->row(r), slots, parameter_->dim());
    } else {
      float* w = widened_.row(u / kChunkRows);
      parameter_->read_row(r, w);
      optimizer_->update(step, parameter_->decay(), sum(u), w, slots, parameter_->dim());
      parameter_->round_row(r, w, rounding_key_);
    }
  }

 private:
  std::int64_t row(std::int64_t u) const noexcept { return all_rows() ? u : groups_.rows[static_cast<std::size_t>(u)]; }

  float* sum(std::int64_t u) const noexcept {
    return all_rows() ? whole_.row(u) : sums_.row(keep_sums_ ? u : u / kChunkRows);
  }

  /// The weights of row u as they are before it moves.
  const float* weights(std::int64_t u) const noexcept {
    return parameter_->read_row(row(u), widened_.data != nullptr ? widened_.row(u / kChunkRows) : nullptr);
  }

  void prefetch_for(std::int64_t u) const noexcept {
    parameter_->prefetch_row_and_slots(row(u));
    if (all_rows()) prefetch(whole_.row(u), static_cast<std::size_t>(whole_.cols) * sizeof(float));
  }

  std::int64_t first_group(std::int64_t row) const noexcept {
    return std::lower_bound(groups_.rows.begin(), groups_.rows.end(), row,
                            [](std::uint32_t have, std::int64_t want) { return have < want; }) -
           groups_.rows.begin();
  }

  /// Whether some op gave row u a gradient.
  bool given(std::int64_t u) const noexcept {
    if (given_all_ || !all_rows()) return true;
    const std::int64_t group = first_group(u);
    return group < groups_.size() && groups_.rows[static_cast<std::size_t>(group)] == u;
  }

  bool moves(std::int64_t group) const noexcept { return given_all_ || group >= 0 || idle_ == Optimizer::Idle::kMove; }

  double add_sum(std::int64_t u, std::int64_t group) const noexcept {
    const std::int64_t dim = parameter_->dim();
    float* g = sum(u);
    if (group >= 0) groups_.add_to(group, g, dim, [&] { return weights(u); });
    if (l2_ != 0.0F && moves(group)) kernels::active().axpy(l2_, weights(u), g, dim);
    clip_values(g);
    return keep_sums_ ? double(kernels::active().dot(g, g, dim)) : 0.0;
  }

  double add_slices(std::int64_t u, std::int64_t group) const noexcept {
    double squares = 0;
    if (group >= 0) {
      const auto at = static_cast<std::size_t>(group);
      for (std::uint32_t i = groups_.offsets[at]; i < groups_.offsets[at + 1]; ++i) {
        const RowContribution& c = groups_.contributions[groups_.order[i]];
        squares += add_slice(u, c.scale, c.source != nullptr ? c.source : weights(u));
      }
    }
    if (l2_ != 0.0F && moves(group)) squares += add_slice(u, l2_, weights(u));
    return squares;
  }

  double add_slice(std::int64_t u, float scale, const float* source) const noexcept {
    const kernels::Table& k = kernels::active();
    const std::int64_t dim = parameter_->dim();
    float* slice = slice_.row(u / kChunkRows);
    k.scale(scale, source, slice, dim);
    clip_values(slice);
    k.add(slice, sum(u), dim);
    return keep_sums_ ? double(k.dot(slice, slice, dim)) : 0.0;
  }

  void clip_values(float* g) const noexcept {
    if (clip_value_ > 0) clip_by_value({g, 1, parameter_->dim(), parameter_->dim()}, -clip_value_, clip_value_);
  }

  Parameter* parameter_;
  const Optimizer* optimizer_;
  MatrixView whole_;
  RowGroups groups_;
  MatrixView sums_;
  MatrixView slice_;    // clip_slices: room for one contribution, for each chunk
  MatrixView widened_;  // weights in bf16: room for those of a row, for each chunk
  std::uint64_t rounding_key_ = 0;
  float l2_;
  float clip_value_;
  Optimizer::Idle idle_;
  bool given_all_;
  bool slices_;
  bool keep_sums_;
};

/// An optimizer and what it needs in this step.
struct Mover {
  const Optimizer* optimizer;
  UpdateStep step;
  double squares;  // of its parameters' gradients
  Mover* next;
};

/// A parameter that moves in this step.
struct Moving {
  Update update;
  Mover* mover;
  bool waits;                // its gradient is summed first, because its norm matters
  std::int64_t first_chunk;  // in the loop over all chunks of all parameters
  double squares;            // of its gradient, if it waits
  float scale;               // by which the gradient is clipped
};

std::size_t touched_parameters(const Tape& tape) noexcept {
  std::size_t count = 0;
  for (const Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) ++count;
  return count;
}

/// Tables of width 1 whose gradients came by row and wait for nothing: each is summed and updated by one thread.
class ScalarTables {
 public:
  ScalarTables(Tape& tape, const ApplyOptions& options)
      : options_(&options), entries_(tape.arena().array<Entry>(touched_parameters(tape))) {}

  /// Whether it took the gradient.
  bool take(const Tape::Touched& touched, const UpdateStep& step) noexcept {
    const Parameter& parameter = touched.rows.parameter();
    if (parameter.dim() != 1 || touched.whole.gradient.data != nullptr || options_->clip_slices ||
        parameter.optimizer()->idle_rows() != Optimizer::Idle::kStay ||
        touched.rows.contributions() > internal::kMostIndexed) {
      return false;
    }
    entries_[size_++] = {&touched.rows, &step, parameter.decay() ? options_->l2 : 0.0F};
    return true;
  }

  void update(Tape& tape) const {
    const auto entry = [&](std::int64_t i) -> const Entry& { return entries_[static_cast<std::size_t>(i)]; };
    internal::for_runs(
        tape, static_cast<std::int64_t>(size_), [&](std::int64_t i) { return entry(i).gradient->contributions(); },
        [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) {
            internal::update_scalar_rows(*entry(i).gradient, *entry(i).step, entry(i).l2);
          }
        });
  }

 private:
  struct Entry {
    const RowGradient* gradient;
    const UpdateStep* step;
    float l2;
  };

  const ApplyOptions* options_;
  std::span<Entry> entries_;
  std::size_t size_ = 0;
};

Mover& mover_of(Tape& tape, Mover*& first, const Optimizer& optimizer, const ApplyOptions& options) {
  Mover** place = &first;
  while (*place != nullptr) {
    if ((*place)->optimizer == &optimizer) return **place;
    place = &(*place)->next;
  }
  *place = tape.arena().create<Mover>(&optimizer, optimizer.step(options.step, options.rate_factor), 0.0, nullptr);
  return **place;
}

/// All parameters that got a gradient, but for those that `scalars` takes.
std::span<Moving> moving_parameters(Tape& tape, std::uint64_t seed, const ApplyOptions& options,
                                    ScalarTables& scalars) {
  Arena& arena = tape.arena();
  Mover* movers = nullptr;
  const std::size_t most = touched_parameters(tape);
  struct Chosen {
    const Tape::Touched* touched;
    Mover* mover;
    bool waits;
  };
  const auto chosen = arena.array<Chosen>(most);
  const auto gradients = arena.array<const RowGradient*>(most);
  std::size_t count = 0;
  for (const Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) {
    const Parameter& parameter = t->rows.parameter();
    const bool has_gradient = t->by_row || t->whole.gradient.data != nullptr;
    if (!parameter.trainable() || !has_gradient) continue;
    KIN_ASSERT(parameter.optimizer() != nullptr);
    Mover& mover = mover_of(tape, movers, *parameter.optimizer(), options);
    const bool waits = options.clip_norm > 0 || mover.optimizer->clips_by_norm();
    if (!waits && scalars.take(*t, mover.step)) continue;
    gradients[count] = &t->rows;
    chosen[count++] = {t, &mover, waits};
  }
  const auto groups = arena.array<RowGroups>(count);
  RowGradient::group_all(tape.pool(), gradients.first(count), groups);
  const auto moving = arena.array<Moving>(count);
  std::int64_t chunks = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Update update(tape, *chosen[i].touched, groups[i], seed, options, chosen[i].waits);
    moving[i] = {update, chosen[i].mover, chosen[i].waits, chunks, 0.0, 1.0F};
    chunks += update.chunks();
  }
  return moving;
}

/// Of all parameters, of which there is one at least.
std::int64_t chunks_of(std::span<const Moving> moving) noexcept {
  return moving.back().first_chunk + moving.back().update.chunks();
}

/// Calls f(parameter, chunk, place) for every chunk of all parameters, in parallel; places count them all.
template <class F>
void for_all_chunks(Tape& tape, std::span<Moving> moving, F f) {
  tape.pool().run(chunks_of(moving), [&](std::int64_t place) {
    const auto behind = std::upper_bound(moving.begin(), moving.end(), place,
                                         [](std::int64_t want, const Moving& m) { return want < m.first_chunk; });
    const Moving& m = *std::prev(behind);
    f(m, place - m.first_chunk, static_cast<std::size_t>(place));
  });
}

/// The optimizers' own clipping; returns the norm of what it leaves.
double clip_by_optimizers(std::span<Moving> moving) noexcept {
  for (Moving& m : moving) {
    if (!m.waits) continue;
    const float limit = m.mover->optimizer->options().clip_norm;
    if (limit > 0) m.scale = norm_clipping(std::sqrt(m.squares), limit);
    m.mover->squares += double(m.scale) * double(m.scale) * m.squares;
  }
  double squares = 0;
  for (Moving& m : moving) {
    if (!m.waits) continue;
    const float limit = m.mover->optimizer->options().global_clip_norm;
    if (limit > 0) m.scale *= global_norm_clipping(std::sqrt(m.mover->squares), limit);
    squares += double(m.scale) * double(m.scale) * m.squares;
  }
  return std::sqrt(squares);
}

}  // namespace

double apply_gradients(Tape& tape, ParameterStore& store, const ApplyOptions& options) {
  KIN_ASSERT(store.optimizer() != nullptr);
  ScalarTables scalars(tape, options);
  const std::span<Moving> moving = moving_parameters(tape, store.seed(), options, scalars);
  scalars.update(tape);
  if (moving.empty()) return 0.0;
  const auto squares = tape.arena().array<double>(static_cast<std::size_t>(chunks_of(moving)));
  for_all_chunks(tape, moving, [&](const Moving& m, std::int64_t chunk, std::size_t place) {
    if (m.waits) {
      squares[place] = m.update.for_summed(chunk, [](std::int64_t) {});
    } else {
      m.update.for_summed(chunk, [&](std::int64_t u) { m.update.move(u, m.mover->step); });
    }
  });
  bool waits = false;
  for (Moving& m : moving) {
    if (!m.waits) continue;
    waits = true;
    const auto first = squares.begin() + m.first_chunk;
    m.squares = std::accumulate(first, first + m.update.chunks(), 0.0);
  }
  if (!waits) return 0.0;

  const double norm = clip_by_optimizers(moving);
  const float scale = options.clip_norm > 0 ? global_norm_clipping(norm, options.clip_norm) : 1.0F;
  for_all_chunks(tape, moving, [&](const Moving& m, std::int64_t chunk, std::size_t) {
    if (!m.waits) return;
    UpdateStep step = m.mover->step;
    step.gradient_scale = scale * m.scale;
    m.update.move_summed(chunk, step);
  });
  return options.clip_norm > 0 ? norm : 0.0;
}

Matrix total_gradient(Tape& tape, Parameter& parameter) {
  Matrix total(parameter.rows(), parameter.dim());
  for (const Tape::Touched* t = tape.touched(); t != nullptr; t = t->next) {
    if (&t->rows.parameter() != &parameter) continue;
    if (const MatrixView whole = t->whole.gradient; whole.data != nullptr) {
      std::copy_n(whole.data, whole.rows * whole.cols, total.values().data());
    }
    const RowGroups groups = t->rows.group();
    Matrix widened(1, parameter.dim());
    for (std::int64_t u = 0; u < groups.size(); ++u) {
      const std::int64_t r = groups.rows[static_cast<std::size_t>(u)];
      groups.add_to(u, total.row(r), parameter.dim(), [&] { return parameter.read_row(r, widened.row(0)); });
    }
  }
  return total;
}

}  // namespace kin
