#include "kinspace/nn/input_layer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/features/indicator.h"
#include "kinspace/features/tf_variables.h"
#include "kinspace/nn/concat.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/sum_rows.h"

namespace kin {
namespace {

/// Counts of so many ids are a matrix of 64 MiB a row already.
constexpr std::int64_t kWidestIndicator = std::int64_t{1} << 24;

/// Buckets are one-hot unless a width is asked for, as in TensorFlow.
bool is_indicator(const FeatureColumn& column) noexcept {
  const auto* buckets = std::get_if<BucketizedColumn>(&column);
  if (buckets != nullptr && buckets->embed.dim == 0) return true;
  return std::visit(
      [](const auto& c) {
        if constexpr (requires { c.indicator; }) return c.indicator;
        return false;
      },
      column);
}

InputColumn input_column(const FeatureColumns& columns, const Encoder& encoder, std::size_t index) {
  const EncodedInfo& info = encoder.columns()[index];
  const FeatureColumn& column = columns.at(info.name);
  InputColumn out;
  out.index = index;
  out.info = info;
  out.indicator = is_indicator(column);
  out.buckets = out.indicator && std::holds_alternative<BucketizedColumn>(column);
  out.vocabulary = encoder.vocabulary(info.name);
  if (const EmbedOptions* embed = embed_options(column)) {
    out.embed = *embed;
    if (out.embed.dim == 0) out.embed.dim = rule_of_thumb_dim(info.num_buckets);
  }
  return out;
}

/// Columns by name; all that are (no) sequences where none are named.
std::vector<InputColumn> choose(const FeatureColumns& columns, const Encoder& encoder,
                                std::span<const std::string> wanted, bool sequence) {
  std::vector<std::string> known;
  std::vector<InputColumn> out;
  const std::vector<EncodedInfo>& infos = encoder.columns();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (columns.find(infos[i].name) == columns.end()) continue;  // the encoder may know more: labels
    known.push_back(infos[i].name);
    const bool named = std::find(wanted.begin(), wanted.end(), infos[i].name) != wanted.end();
    if (named ? false : (!wanted.empty() || infos[i].sequence != sequence)) continue;
    if (infos[i].sequence != sequence) {
      throw Error::invalid_argument(
          fmt::format("column {} is {} sequence", quoted(infos[i].name), sequence ? "no" : "a"),
          sequence ? "set sequence = true on it, or give it to a layer of bags"
                   : "give it to a layer of sequences, or set sequence = false");
    }
    out.push_back(input_column(columns, encoder, i));
  }
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Error::invalid_argument(fmt::format("there is no column {}{}", quoted(name), did_you_mean(name, known)));
  }
  if (out.empty()) throw Error::invalid_argument("a layer needs at least one column");
  return out;
}

std::string table_name(const InputColumn& column) {
  return (column.embed.share.empty() ? column.info.name : column.embed.share) + "/embedding";
}

std::int64_t dense_width(const InputColumn& column) {
  if (!column.info.categorical) return column.info.width;
  return column.indicator ? column.info.num_buckets : column.embed.dim;
}

std::string tf_input_name(const InputColumn& column) {
  const std::string& name = column.info.tf_name;
  if (!column.info.categorical || column.buckets) return name;
  return column.indicator ? tf_indicator_name(name) : tf_embedding_name(name, !column.embed.share.empty());
}

/// Offsets of columns side by side; checks what only shows when they stand together.
std::int64_t place(const std::vector<InputColumn>& columns, std::vector<InputPlace>& places) {
  std::map<std::string, const InputColumn*> tables;
  std::int64_t offset = 0;
  for (const InputColumn& column : columns) {
    const std::int64_t width = dense_width(column);
    if (column.indicator && width > kWidestIndicator) {
      throw Error::invalid_argument(fmt::format("column {} has {} ids: too many for an indicator",
                                                quoted(column.info.name), with_thousands(width)),
                                    "embed it");
    }
    places.push_back({column.info.name, offset, width, tf_input_name(column)});
    offset += width;
    if (!column.info.categorical || column.indicator) continue;
    const auto [known, fresh] = tables.emplace(table_name(column), &column);
    const InputColumn& other = *known->second;
    if (!fresh && (other.info.num_buckets != column.info.num_buckets || other.embed.dim != column.embed.dim)) {
      throw Error::invalid_argument(
          fmt::format("columns {} and {} share a table, but one has {} ids of width {}, the other {} of width {}",
                      quoted(other.info.name), quoted(column.info.name), other.info.num_buckets, other.embed.dim,
                      column.info.num_buckets, column.embed.dim),
          "give both the same vocabulary and dim");
    }
  }
  return offset;
}

Parameter& table_of(const InputColumn& column, ParameterSource parameters) {
  const float start =
      column.embed.init_std > 0 ? column.embed.init_std : 1.0F / std::sqrt(static_cast<float>(column.embed.dim));
  const Vocabulary* vocabulary = column.vocabulary;
  return parameters(
      table_name(column), column.info.num_buckets, column.embed.dim,
      {.initial = Initial::truncated_normal(start), .decay = true, .trainable = column.embed.trainable, .by_row = true},
      [&](std::int64_t row) {
        const bool keyed = vocabulary != nullptr && row < vocabulary->size();
        return keyed ? vocabulary->keys().number(row) : static_cast<std::uint64_t>(row);
      });
}

Var embedded(Tape& tape, const InputColumn& column, ParameterSource parameters, const SparseTensor& ids) {
  Parameter& table = table_of(column, parameters);
  return combine(tape, table, ids,
                 CombineOptions{combiner_from_name(column.embed.combiner), column.embed.max_norm, column.embed.prune});
}

Var counts(Tape& tape, const InputColumn& column, const EncodedColumn& values, std::int64_t rows) {
  const MatrixView out = tape.matrix(rows, column.info.num_buckets);
  indicator(values, out.cols, {out.data, static_cast<std::size_t>(out.rows * out.cols)});
  return tape.constant(out);
}

Var counts_by_step(Tape& tape, const InputColumn& column, const EncodedColumn& values, std::int64_t rows,
                   std::int64_t length) {
  const MatrixView out = tape.matrix(rows * length, column.info.num_buckets);
  sequence_indicator(values, out.cols, length, {out.data, static_cast<std::size_t>(out.rows * out.cols)});
  return tape.constant(out);
}

SparseTensor sparse(const EncodedColumn& column) noexcept {
  return {column.offsets, column.ids, column.weights};
}

Var numbers(Tape& tape, const EncodedColumn& column, std::int64_t rows, std::int64_t width) {
  return tape.constant(ConstMatrixView{column.dense.data(), rows, width, width});
}

/// The ids of a sequence as a bag for each step: [B * T, any].
SparseTensor by_step(Tape& tape, const EncodedColumn& column, std::int64_t rows, std::int64_t length) {
  const auto offsets = tape.arena().array<std::int64_t>(static_cast<std::size_t>(rows * length) + 1);
  std::size_t next = 0;
  std::int64_t k = 0;
  for (std::int64_t b = 0; b < rows; ++b) {
    for (std::int64_t t = 0; t < length; ++t) {
      offsets[next++] = k;
      while (k < column.offsets[static_cast<std::size_t>(b) + 1] &&
             column.positions[static_cast<std::size_t>(k)] == t) {
        ++k;
      }
    }
  }
  offsets[next] = k;
  return {offsets, column.ids, column.weights};
}

Var padded_numbers(Tape& tape, const EncodedColumn& column, std::int64_t rows, std::int64_t width, std::int64_t length,
                   float fill) {
  const MatrixView out = tape.matrix(rows * length, width);
  std::fill_n(out.data, out.rows * width, fill);
  for (std::int64_t b = 0; b < rows; ++b) {
    const std::int64_t begin = column.offsets[static_cast<std::size_t>(b)];
    const std::int64_t count = column.offsets[static_cast<std::size_t>(b) + 1] - begin;
    std::copy_n(column.dense.data() + begin * width, count * width, out.row(b * length));
  }
  return tape.constant(out);
}

}  // namespace

InputLayer::InputLayer(const FeatureColumns& columns, const Encoder& encoder, std::span<const std::string> wanted)
    : columns_(choose(columns, encoder, wanted, false)), width_(place(columns_, places_)) {}

Var InputLayer::operator()(Tape& tape, ParameterSource parameters, const EncodedBatch& batch) const {
  std::vector<Var> parts;
  parts.reserve(columns_.size());
  for (const InputColumn& column : columns_) {
    const EncodedColumn& values = batch.columns[column.index];
    if (!column.info.categorical) {
      parts.push_back(numbers(tape, values, batch.rows, column.info.width));
    } else if (column.indicator) {
      parts.push_back(counts(tape, column, values, batch.rows));
    } else {
      parts.push_back(embedded(tape, column, parameters, sparse(values)));
    }
  }
  return parts.size() == 1 ? parts.front() : concat(tape, parts);
}

LinearLayer::LinearLayer(const FeatureColumns& columns, const Encoder& encoder, std::span<const std::string> wanted,
                         const std::string& scope, std::int64_t units, Combiner combiner)
    : columns_(choose(columns, encoder, wanted, false)), bias_(scope + "/bias"), units_(units), combiner_(combiner) {
  for (const InputColumn& column : columns_) names_.push_back(scope + "/" + column.info.name);
}

Var LinearLayer::operator()(Tape& tape, ParameterSource parameters, const EncodedBatch& batch) const {
  const auto by_row = [](std::int64_t row) { return static_cast<std::uint64_t>(row); };
  const ParameterOptions zeros{.initial = Initial::constant(0), .decay = true};
  std::vector<TableRows> bags;
  std::vector<Var> others;
  bags.reserve(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const InputColumn& column = columns_[i];
    const EncodedColumn& values = batch.columns[column.index];
    const std::int64_t rows = column.info.categorical ? column.info.num_buckets : column.info.width;
    Parameter& weights = parameters(names_[i], rows, units_, zeros, by_row);
    if (!column.info.categorical) {
      others.push_back(dense(tape, numbers(tape, values, batch.rows, column.info.width), tape.variable(weights), {},
                             kernels::Activation::kLinear));
    } else if (combiner_ == Combiner::kSum && values.weights.empty()) {
      bags.push_back({&weights, sparse(values)});
    } else {
      others.push_back(combine(tape, weights, sparse(values), combiner_));
    }
  }
  Parameter& bias = parameters(bias_, 1, units_, {.initial = Initial::constant(0), .decay = false}, by_row);
  return sum_rows(tape, bags, others, tape.variable(bias));
}

SequenceLayer::SequenceLayer(const FeatureColumns& columns, const Encoder& encoder, std::span<const std::string> wanted)
    : columns_(choose(columns, encoder, wanted, true)), width_(place(columns_, places_)) {
  for (InputColumn& column : columns_) {
    if (const auto* numeric = std::get_if<NumericColumn>(&columns.at(column.info.name)))
      column.fill = static_cast<float>(numeric->fill);
  }
}

SequenceInput SequenceLayer::operator()(Tape& tape, ParameterSource parameters, const EncodedBatch& batch,
                                        std::int64_t least) const {
  const InputColumn& first = columns_.front();
  const std::vector<std::int64_t>& lengths = batch.columns[first.index].lengths;
  SequenceInput out;
  out.lengths = lengths;
  out.length = std::max(least, lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end()));
  std::vector<Var> parts;
  parts.reserve(columns_.size());
  for (const InputColumn& column : columns_) {
    const EncodedColumn& values = batch.columns[column.index];
    for (std::size_t b = 0; b < lengths.size(); ++b) {
      if (values.lengths[b] == lengths[b]) continue;
      throw Error::invalid_argument(
          fmt::format("sequences {} and {} differ in row {} of the batch: {} and {} steps", quoted(first.info.name),
                      quoted(column.info.name), b, lengths[b], values.lengths[b]),
          "sequences of one layer must be equally long in every row");
    }
    if (!column.info.categorical) {
      parts.push_back(padded_numbers(tape, values, batch.rows, column.info.width, out.length, column.fill));
      continue;
    }
    parts.push_back(column.indicator
                        ? counts_by_step(tape, column, values, batch.rows, out.length)
                        : embedded(tape, column, parameters, by_step(tape, values, batch.rows, out.length)));
  }
  out.steps = parts.size() == 1 ? parts.front() : concat(tape, parts);
  return out;
}

}  // namespace kin
