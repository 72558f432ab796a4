#include "kinspace/features/internal/weights.h"

#include <fmt/core.h>

#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"
#include "kinspace/features/internal/number_reader.h"

namespace kin::internal {

Weights::Weights(std::string column, std::size_t source, std::string split, const std::string& pairing)
    : column_(std::move(column)), source_(source), split_(std::move(split)) {
  if (pairing == "batch") {
    pairing_ = Pairing::kBatch;
  } else if (pairing == "cell") {
    pairing_ = Pairing::kCell;
  } else if (pairing != "row") {
    throw Error::invalid_argument(
        fmt::format("columns.{}.pairing is {}; row, batch and cell are known", toml_key(column_), quoted(pairing)));
  }
}

Weights::Weights(const Weights& other)
    : column_(other.column_),
      source_(other.source_),
      split_(other.split_),
      pairing_(other.pairing_),
      texts_(other.texts_ ? other.texts_->clone() : nullptr),
      drop_zeros_(other.drop_zeros_) {}

void Weights::bind(const Binding& binding) {
  const Field& field = binding.fields[source_];
  texts_.reset();
  drop_zeros_ = field.cells != Cells::kList && pairing_ != Pairing::kCell;
  if (field.type != ColumnType::kString) return;
  if (split_.empty() || field.cells != Cells::kSingle) {
    throw Error::invalid_argument(fmt::format("columns.{}.weight: column {} of {} has strings; weights are numbers",
                                              toml_key(column_), quoted(field.name), binding.file),
                                  fmt::format("set data.types.{} = \"number\"", toml_key(field.name)));
  }
  drop_zeros_ = false;
  texts_ = read_cells({.column = column_,
                       .source = source_,
                       .split = split_,
                       .pair = {},
                       .derive = {},
                       .time_zone = {},
                       .missing = Missing::kNull,
                       .type = CellOptions::Type::kAuto});
  texts_->bind(binding);
}

void Weights::add(float weight, bool missing, std::int32_t position) {
  if (missing) {
    if (pairing_ != Pairing::kCell) return;
    weight = 1;
  }
  if (drop_zeros_ && weight == 0) return;
  weights_.push_back(weight);
  positions_.push_back(position);
}

void Weights::read(const BatchRows& rows) {
  const Column& column = rows.column(source_);
  if (texts_) texts_->read(rows, read_);
  offsets_.resize(rows.size() + 1);
  offsets_[0] = 0;
  weights_.clear();
  positions_.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows.row(i);
    if (texts_) {
      for (auto j = static_cast<std::size_t>(read_.offsets[i]); j < static_cast<std::size_t>(read_.offsets[i + 1]);
           ++j) {
        double weight = 0;
        const Parsed parsed = parse_number(read_.string(j), weight);
        if (parsed != Parsed::kOk && parsed != Parsed::kEmpty) {
          rows.fail(i, column_, fmt::format("has the weight {}, which is no number", quoted(read_.string(j))));
        }
        add(static_cast<float>(weight), parsed == Parsed::kEmpty, read_.positions[j]);
      }
    } else if (column.cells == Cells::kSingle) {
      add(number_at<float>(column, row), column.value_missing(row), 0);
    } else if (!column.missing(row)) {
      const std::int32_t begin = column.list_offsets[row];
      for (std::int32_t j = begin; j < column.list_offsets[row + 1]; ++j) {
        const auto at = static_cast<std::size_t>(j);
        add(number_at<float>(column, at), column.value_missing(at), j - begin);
      }
    }
    offsets_[i + 1] = static_cast<std::int64_t>(weights_.size());
  }
}

void Weights::check(const BatchRows& rows, const EncodedColumn& out) const {
  if (pairing_ == Pairing::kBatch) {
    if (weights_.size() == out.ids.size()) return;
    throw Error::bad_data(
        fmt::format("column {}: a batch has {} ids and {} weights", quoted(column_), out.ids.size(), weights_.size()),
        "weights of 0 in single cells are dropped; pairing = \"cell\" pairs by place");
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (offsets_[i + 1] == out.offsets[i + 1]) continue;
    const std::int64_t ids = out.offsets[i + 1] - out.offsets[i];
    const std::int64_t weights = offsets_[i + 1] - offsets_[i];
    rows.fail(i, column_,
              fmt::format("has {} value{} and {} weight{}", ids, ids == 1 ? "" : "s", weights, weights == 1 ? "" : "s"),
              "weights of 0 in single cells are dropped; pairing = \"cell\" pairs by place");
  }
}

// The weight at the place of each id, else 1; what weighs 0 is left out.
void Weights::pair_cells(EncodedColumn& out) const {
  const std::size_t rows = offsets_.size() - 1;
  out.weights.resize(out.ids.size());
  std::size_t n = 0;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    auto w = static_cast<std::size_t>(offsets_[i]);
    const auto last = static_cast<std::size_t>(offsets_[i + 1]);
    const std::int64_t end = out.offsets[i + 1];
    for (auto j = static_cast<std::size_t>(begin); j < static_cast<std::size_t>(end); ++j) {
      while (w < last && positions_[w] < out.positions[j]) ++w;
      const float weight = w < last && positions_[w] == out.positions[j] ? weights_[w] : 1.0F;
      if (weight == 0) continue;
      out.ids[n] = out.ids[j];
      out.positions[n] = out.positions[j];
      out.weights[n++] = weight;
    }
    begin = end;
    out.offsets[i + 1] = static_cast<std::int64_t>(n);
  }
  out.ids.resize(n);
  out.positions.resize(n);
  out.weights.resize(n);
}

void Weights::pair(const BatchRows& rows, EncodedColumn& out) {
  read(rows);
  if (pairing_ == Pairing::kCell) return pair_cells(out);
  check(rows, out);
  out.weights.assign(weights_.begin(), weights_.end());
}

}  // namespace kin::internal
