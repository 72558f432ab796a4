#include "kinspace/nn/internal/scalar_rows.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/clip.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/row_index.h"

namespace kin::internal {
namespace {

/// Memory that a thread keeps: no step allocates.
struct Scratch {
  std::vector<std::int64_t> ids;
  std::vector<float> values;
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> places;
  std::vector<float> sums;

  /// Room for so many contributions, and for somewhat more: steps differ.
  void reserve(std::int64_t contributions) {
    const std::size_t room = std::bit_ceil(static_cast<std::size_t>(contributions) + 1);
    ids.reserve(room);
    values.reserve(room);
    rows.reserve(room);
    places.reserve(room);
    sums.reserve(room);
  }
};

/// sums[p] = sum of d_out of the examples that name the row at place p, in their order.
void sum_examples(const RowGradient::Examples& given, std::vector<float>& sums) {
  sums.assign(given.index->rows.size(), 0.0F);
  const std::uint32_t* const places = given.index->places.data();
  if (given.index->one_each) {
    for (std::int64_t b = 0; b < given.ids.rows(); ++b) sums[places[b]] += *given.d_out.row(b);
    return;
  }
  const std::int64_t* const offsets = given.ids.offsets.data();
  for (std::int64_t b = 0; b < given.ids.rows(); ++b) {
    for (std::int64_t i = offsets[b]; i < offsets[b + 1]; ++i) sums[places[i]] += *given.d_out.row(b);
  }
}

/// The same of contributions of any kind; returns the rows.
std::span<const std::uint32_t> sum_values(const RowGradient& gradient, Scratch& scratch) {
  scratch.ids.clear();
  scratch.values.clear();
  gradient.for_each_value([&](std::int64_t row, float value) {
    scratch.ids.push_back(row);
    scratch.values.push_back(value);
  });
  const std::size_t count = scratch.ids.size();
  scratch.rows.resize(count + 1);
  scratch.places.resize(count);
  const std::size_t used = index_rows(gradient.parameter(), scratch.ids, scratch.rows.data(), scratch.places.data());
  if (used == 0) {
    refuse_row(gradient.parameter(), *std::find_if(scratch.ids.begin(), scratch.ids.end(), [&](std::int64_t row) {
                 return row >= gradient.parameter().rows();
               }));
  }
  scratch.sums.assign(used, 0.0F);
  for (std::size_t i = 0; i < count; ++i) scratch.sums[scratch.places[i]] += scratch.values[i];
  return {scratch.rows.data(), used};
}

}  // namespace

void update_scalar_rows(const RowGradient& gradient, const UpdateStep& step, float l2) {
  thread_local Scratch scratch;
  scratch.reserve(gradient.contributions());
  Parameter& parameter = gradient.parameter();
  const Optimizer& optimizer = *parameter.optimizer();
  const RowGradient::Examples given = gradient.only_examples();
  std::span<const std::uint32_t> rows;
  if (given.index != nullptr) {
    rows = given.index->rows;
    for (const std::uint32_t row : rows.subspan(1)) parameter.prefetch_row_and_slots(row);
    sum_examples(given, scratch.sums);
  } else {
    rows = sum_values(gradient, scratch);
  }
  rows = rows.subspan(1);
  float* const sums = scratch.sums.data() + 1;
  if (l2 != 0.0F) {
    for (std::size_t i = 0; i < rows.size(); ++i) kernels::active().axpy(l2, parameter.row(rows[i]), sums + i, 1);
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  const float clip = optimizer.options().clip_value;
  if (clip > 0) clip_by_value({sums, 1, count, count}, -clip, clip);
  optimizer.update_rows(step, parameter.decay(), sums, rows, parameter.row(0), parameter.stride());
}

}  // namespace kin::internal
