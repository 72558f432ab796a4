#include "kinspace/nn/sum_rows.h"

#include <algorithm>

#include "kinspace/base/error.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/nn/internal/checks.h"
#include "kinspace/nn/internal/loops.h"
#include "kinspace/nn/internal/row_index.h"

namespace kin {
namespace {

/// A column, with its index where one thread makes it: the weights of its distinct rows are then read once, and lie
/// side by side for the rest of the step.
struct Column {
  TableRows of;
  bool one_each;                  // id b, and no other, is that of example b
  RowIndex* index;                // null: none
  std::span<std::uint32_t> rows;  // room for the index
  std::span<std::uint32_t> places;
  float* weights;  // of the row at each place; that of place 0 is 0
};

bool is_indexed(const TableRows& column, bool training) noexcept {
  return training && column.table->dim() == 1 && column.table->trainable() &&
         std::ssize(column.ids.ids) <= internal::kMostIndexed;
}

/// Row of an id, or null for one that is left out.
const float* row_of(const TableRows& column, std::int64_t b, std::int64_t id) {
  if (static_cast<std::uint64_t>(id) < static_cast<std::uint64_t>(column.table->rows())) return column.table->row(id);
  if (id >= 0) internal::refuse_id("sum_rows", *column.table, b, id);
  return nullptr;
}

[[noreturn]] void refuse_first(const TableRows& column) {
  for (std::int64_t b = 0;; ++b) {
    const auto end = static_cast<std::size_t>(column.ids.offsets[static_cast<std::size_t>(b) + 1]);
    for (auto i = static_cast<std::size_t>(column.ids.offsets[static_cast<std::size_t>(b)]); i < end; ++i) {
      row_of(column, b, column.ids.ids[i]);
    }
  }
}

void make_index(const Column& column) {
  const Parameter& table = *column.of.table;
  const std::size_t used = internal::index_rows(table, column.of.ids.ids, column.rows.data(), column.places.data());
  if (used == 0) refuse_first(column.of);
  *column.index = {column.rows.first(used), column.places, column.one_each};
  column.weights[0] = 0.0F;
  for (std::size_t p = 1; p < used; ++p) column.weights[p] = *table.row(column.rows[p]);
}

void add_places(const Column& column, std::int64_t begin, std::int64_t end, float* out) {
  const std::int64_t* const offsets = column.of.ids.offsets.data();
  const std::uint32_t* const places = column.places.data();
  const float* const weights = column.weights;
  if (column.one_each) {
    for (std::int64_t b = begin; b < end; ++b) out[b] += 0.0F + weights[places[b]];
    return;
  }
  for (std::int64_t b = begin; b < end; ++b) {
    float sum = 0.0F;
    for (std::int64_t i = offsets[b]; i < offsets[b + 1]; ++i) sum += weights[places[i]];
    out[b] += sum;
  }
}

void add_scalars(const TableRows& column, std::int64_t begin, std::int64_t end, float* out) {
  for (std::int64_t b = begin; b < end; ++b) {
    float sum = 0.0F;
    const std::int64_t last = column.ids.offsets[static_cast<std::size_t>(b) + 1];
    for (std::int64_t i = column.ids.offsets[static_cast<std::size_t>(b)]; i < last; ++i) {
      const float* row = row_of(column, b, column.ids.ids[static_cast<std::size_t>(i)]);
      sum += row != nullptr ? *row : 0.0F;
    }
    out[b] += sum;
  }
}

void add_vectors(const TableRows& column, std::int64_t begin, std::int64_t end, MatrixView out, float* sum) {
  const kernels::Table& k = kernels::active();
  for (std::int64_t b = begin; b < end; ++b) {
    std::fill_n(sum, out.cols, 0.0F);
    const std::int64_t last = column.ids.offsets[static_cast<std::size_t>(b) + 1];
    for (std::int64_t i = column.ids.offsets[static_cast<std::size_t>(b)]; i < last; ++i) {
      const float* row = row_of(column, b, column.ids.ids[static_cast<std::size_t>(i)]);
      if (row != nullptr) k.add(row, sum, out.cols);
    }
    k.add(sum, out.row(b), out.cols);
  }
}

/// out += rows begin .. end of `from`; a stride of 0 makes all rows one.
void add_rows(ConstMatrixView from, std::int64_t begin, std::int64_t end, MatrixView out) {
  if (from.stride == out.cols && out.stride == out.cols) {
    return kernels::active().add(from.row(begin), out.row(begin), (end - begin) * out.cols);
  }
  if (out.cols == 1) {
    for (std::int64_t b = begin; b < end; ++b) *out.row(b) += *from.row(b);
    return;
  }
  for (std::int64_t b = begin; b < end; ++b) kernels::active().add(from.row(b), out.row(b), out.cols);
}

/// Whether id b, and no other, is that of example b.
bool has_one_id_each(const SparseTensor& ids) noexcept {
  if (std::ssize(ids.ids) != ids.rows() || !ids.weights.empty()) return false;
  std::int64_t other = 0;
  for (std::size_t b = 0; b < ids.offsets.size(); ++b) other |= ids.offsets[b] ^ static_cast<std::int64_t>(b);
  return other == 0;
}

bool some_example_is_empty(const SparseTensor& ids) noexcept {
  for (std::int64_t b = 0; b < ids.rows(); ++b) {
    const auto first = ids.ids.begin() + ids.offsets[static_cast<std::size_t>(b)];
    const auto last = ids.ids.begin() + ids.offsets[static_cast<std::size_t>(b) + 1];
    if (std::none_of(first, last, [](std::int64_t id) { return id >= 0; })) return true;
  }
  return false;
}

void check(std::span<const TableRows> columns, std::span<const Var> others, ConstMatrixView bias, std::int64_t rows) {
  internal::check_shape("sum_rows", "the bias", bias, 1, bias.cols);
  for (const TableRows& column : columns) {
    internal::check_shape("sum_rows", "a table", column.table->weights(), column.table->rows(), bias.cols);
    if (column.ids.rows() != rows || !column.ids.weights.empty()) {
      throw Error::internal("sum_rows: ids of another number of examples, or with weights");
    }
  }
  for (const Var& other : others) internal::check_shape("sum_rows", "a value", other.value(), rows, bias.cols);
}

}  // namespace

Var sum_rows(Tape& tape, std::span<const TableRows> columns, std::span<const Var> others, Var bias) {
  const std::int64_t dim = bias.cols();
  const std::int64_t rows = !columns.empty() ? columns[0].ids.rows() : !others.empty() ? others[0].rows() : 0;
  check(columns, others, bias.value(), rows);
  const auto kept = tape.arena().array<Column>(columns.size());
  const auto values = tape.arena().array<Var>(others.size());
  std::copy(others.begin(), others.end(), values.begin());

  bool tracked = bias.tracked();
  std::int64_t numbers = rows * dim * (1 + static_cast<std::int64_t>(others.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::size_t count = columns[c].ids.ids.size();
    kept[c] = {columns[c], has_one_id_each(columns[c].ids), nullptr, {}, {}, nullptr};
    if (!kept[c].one_each) internal::check_sparse("sum_rows", columns[c].ids);
    if (is_indexed(columns[c], tape.training())) {
      kept[c].index = tape.arena().create<RowIndex>();
      kept[c].rows = tape.arena().array<std::uint32_t>(count + 1);
      kept[c].places = tape.arena().array<std::uint32_t>(count);
      kept[c].weights = tape.arena().array<float>(count + 1).data();
    }
    tracked = tracked || columns[c].table->trainable();
    numbers += dim * static_cast<std::int64_t>(count);
  }
  for (const Var& value : values) tracked = tracked || value.tracked();

  const auto ids_of = [&](std::int64_t c) { return std::ssize(columns[static_cast<std::size_t>(c)].ids.ids); };
  internal::for_runs(tape, std::ssize(kept), ids_of, [&](std::int64_t begin, std::int64_t end) {
    for (auto c = static_cast<std::size_t>(begin); c < static_cast<std::size_t>(end); ++c) {
      if (kept[c].index != nullptr) make_index(kept[c]);
    }
  });

  const MatrixView out = tape.matrix(rows, dim);
  const std::int64_t chunks = std::max<std::int64_t>(1, numbers / internal::kChunkNumbers);
  const std::int64_t chunk = std::max<std::int64_t>(1, (rows + chunks - 1) / chunks);
  const MatrixView sums = tape.matrix(dim == 1 ? 0 : chunks, dim);
  parallel_for(tape.pool(), rows, chunk, [&](std::int64_t begin, std::int64_t end) {
    std::fill_n(out.row(begin), (end - begin) * dim, 0.0F);
    for (const Var& value : values) add_rows(value.value(), begin, end, out);
    for (const Column& column : kept) {
      if (column.index != nullptr) {
        add_places(column, begin, end, out.data);
      } else if (dim == 1) {
        add_scalars(column.of, begin, end, out.data);
      } else {
        add_vectors(column.of, begin, end, out, sums.row(begin / chunk));
      }
    }
    add_rows({bias.value().data, rows, dim, 0}, begin, end, out);
  });

  const Var result = tape.result(out, tracked);
  tape.record(result, [&tape, kept, values, bias](ConstMatrixView d_out) {
    for (const Column& column : kept) {
      const auto& [table, ids] = column.of;
      if (!table->trainable()) continue;
      RowGradient& gradient = tape.row_gradient(*table);
      gradient.add_examples(ids, d_out, column.index);
      if (internal::empty_examples_touch_row_0(*table) && some_example_is_empty(ids)) {
        gradient.add(1)[0] = {0, nullptr, 0.0F};
      }
    }
    for (const Var& value : values) {
      if (!value.tracked()) continue;
      const GradientTarget to = tape.gradient_target(value);
      if (to.fresh) std::fill_n(to.matrix.data, d_out.rows * d_out.cols, 0.0F);
      add_rows(d_out, 0, d_out.rows, to.matrix);
    }
    if (!bias.tracked()) return;
    const GradientTarget to = tape.gradient_target(bias);
    if (to.fresh) std::fill_n(to.matrix.data, d_out.cols, 0.0F);
    add_rows(d_out, 0, d_out.rows, {to.matrix.data, d_out.rows, d_out.cols, 0});
  });
  return result;
}

}  // namespace kin
