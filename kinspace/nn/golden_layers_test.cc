#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "kinspace/base/error.h"
#include "kinspace/features/testing/golden_columns.h"
#include "kinspace/features/tf_variables.h"
#include "kinspace/nn/apply.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/elementwise.h"
#include "kinspace/nn/input_layer.h"
#include "kinspace/nn/nn_testing.h"

// What TensorFlow 2.15.1 computes from feature columns: lookups, input layers, linear models, sequences
// (tests/golden/README.md).

namespace kin {
namespace {

using Json = nlohmann::json;
using testing::TfCase;
using testing::TfColumn;
using testing::TfModel;
using testing::TfTensor;

void expect_close(ConstMatrixView have, const TfTensor& want, const std::string& what) {
  const std::vector<double> values = want.as_numbers();
  ASSERT_EQ(have.rows * have.cols, static_cast<std::int64_t>(values.size())) << what;
  for (std::int64_t r = 0; r < have.rows; ++r) {
    for (std::int64_t c = 0; c < have.cols; ++c) {
      const double expected = values[static_cast<std::size_t>(r * have.cols + c)];
      EXPECT_TRUE(testing::tf_close(have.row(r)[c], expected))
          << what << " [" << r << ", " << c << "]: " << have.row(r)[c] << " where TensorFlow has " << expected;
    }
  }
}

Matrix matrix_of(const TfTensor& tensor, std::int64_t rows, std::int64_t cols) {
  Matrix out(rows, cols);
  const std::vector<double> values = tensor.as_numbers();
  std::transform(values.begin(), values.end(), out.values().begin(), [](double v) { return static_cast<float>(v); });
  return out;
}

/// Whether `answer` throws kin::Error.
template <class Body>
bool refuses(Body body) {
  try {
    body();
  } catch (const Error&) {
    return true;
  } catch (const Json::exception&) {
    return false;  // it came as far as looking for TensorFlow's answer
  }
  return false;
}

/// A case with the parameters of its layer.
struct Model {
  explicit Model(const TfCase& c) : model(c), batch(model.encode()) {
    for (const TfColumn& column : model.layer) {
      if (column.kind != TfColumn::Kind::kEmbedding || column.table.dtype.empty()) continue;
      if (column.has_max_norm && column.max_norm <= 0) throw Error::invalid_argument("max_norm has to be above 0");
      fill((column.share.empty() ? column.name : column.share) + "/embedding", column.table);
    }
    tape.begin({.step = 0, .training = true});
  }

  void fill(const std::string& name, const TfTensor& values) {
    const std::int64_t cols = values.shape.size() == 1 ? values.shape[0] : values.shape[1];
    const std::int64_t rows = values.shape.size() == 1 ? 1 : values.shape[0];
    if (store.find(name) != nullptr) return;
    Parameter& parameter = store.add(name, rows, cols);
    const Matrix given = matrix_of(values, rows, cols);
    for (std::int64_t r = 0; r < rows; ++r) std::copy_n(given.row(r), cols, parameter.row(r));
  }

  Parameter& parameter(const std::string& name, std::int64_t rows, std::int64_t dim) {
    Parameter& found = store.get(name);
    EXPECT_EQ(found.rows(), rows) << name;
    EXPECT_EQ(found.dim(), dim) << name;
    return found;
  }

  template <class Layer, class... More>
  auto run(const Layer& layer, More... more) {
    return layer(
        tape,
        [this](const std::string& name, std::int64_t rows, std::int64_t dim, const ParameterOptions&,
               KeyNumber) -> Parameter& { return parameter(name, rows, dim); },
        batch, more...);
  }

  std::vector<std::string> names(bool embeddings = true) const {
    std::vector<std::string> out;
    for (const TfColumn& column : model.layer) {
      if (embeddings || column.kind != TfColumn::Kind::kEmbedding) out.push_back(column.name);
    }
    return out;
  }

  void expect_gradient(const std::string& parameter, const Json& want) {
    Parameter& table = store.get(parameter);
    const Matrix have = total_gradient(tape, table);
    const TfTensor values = testing::tf_tensor(want.at("values"));
    const std::vector<double> numbers = values.as_numbers();
    Matrix expected(table.rows(), table.dim());
    std::size_t next = 0;
    for (const Json& row : want.at("rows")) {
      for (std::int64_t c = 0; c < table.dim(); ++c)
        expected.row(testing::tf_integer(row))[c] = static_cast<float>(numbers[next++]);
    }
    for (std::size_t i = 0; i < expected.values().size(); ++i) {
      EXPECT_TRUE(testing::tf_close(have.values()[i], expected.values()[i]))
          << parameter << " " << i << ": " << have.values()[i] << " where TensorFlow has " << expected.values()[i];
    }
  }

  TfModel model;
  EncodedBatch batch;
  ThreadPool pool{2};
  ParameterStore store{1, {}};
  Tape tape{pool, 1};
};

// Lookups.

/// d loss / d weights, for the values of the weight feature; those that TensorFlow drops (0 in a dense tensor) are not
/// among ours.
void expect_weight_gradient(Model& m, const TfColumn& column, const Matrix& have, const Json& want) {
  const TfTensor& weights = m.model.features.tensor(column.weight);
  const std::vector<double> given = weights.as_numbers();
  std::size_t next = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!weights.sparse && given[i] == 0) continue;
    const double expected = testing::tf_number(want[i]);
    EXPECT_TRUE(testing::tf_close(have.values()[next], expected))
        << "weight " << i << ": " << have.values()[next] << " where TensorFlow has " << expected;
    ++next;
  }
}

/// Ids of rank 3 take the safe way in any case.
bool prunes(const TfCase& c, const TfColumn& column) {
  const auto deep = [](const Json& tensor) { return tensor.at("shape").size() > 2; };
  return column.safe || std::any_of(c.at("input").begin(), c.at("input").end(), deep);
}

void check_lookup(const TfCase& c) {
  Model m(c);
  const TfColumn& column = m.model.layer.front();
  const EncodedColumn& ids = m.model.encoded(m.batch, column.name);
  Parameter& table = m.store.get(column.name + "/embedding");
  Parameter weights("weights", 1, std::max<std::int64_t>(1, static_cast<std::int64_t>(ids.weights.size())), true,
                    nullptr);
  std::copy(ids.weights.begin(), ids.weights.end(), weights.row(0));
  // The Var has as many columns as there are weights, at least one.
  const bool weighted = !column.weight.empty() && !ids.weights.empty();
  const Var out = combine(
      m.tape, table, {ids.offsets, ids.ids, {}},
      CombineOptions{combiner_from_name(column.combiner), static_cast<float>(column.max_norm), prunes(c, column)},
      weighted ? m.tape.variable(weights) : Var());
  const TfTensor dense = testing::tf_tensor(c.expected().at("dense"));
  const auto rows = static_cast<std::int64_t>(dense.size()) / table.dim();
  // TensorFlow's unsafe lookup cuts off rows without ids at the end; they are zeros here.
  ASSERT_TRUE(rows == out.rows() || (!column.safe && rows < out.rows()));
  expect_close({out.value().data, rows, table.dim(), table.dim()}, dense, "value");
  for (std::int64_t i = rows * table.dim(); i < out.rows() * table.dim(); ++i) EXPECT_EQ(out.value().data[i], 0.0F);
  if (!c.json->contains("upstream") || dense.size() == 0) return;

  Matrix upstream(out.rows(), out.cols());
  const std::vector<double> given = testing::tf_tensor(c.at("upstream")).as_numbers();
  for (std::size_t i = 0; i < given.size(); ++i) upstream.values()[i] = static_cast<float>(given[i]);
  m.tape.backward(testing::weighted_sum(m.tape, out, upstream));
  const Json& gradient = c.expected().at("gradient");
  m.expect_gradient(column.name + "/embedding", gradient.at("table"));
  if (weighted && gradient.contains("weights"))
    expect_weight_gradient(m, column, total_gradient(m.tape, weights), gradient.at("weights"));
}

/// TensorFlow lets these pass; refusing them is no incompatibility.
bool may_refuse(const TfCase& c) {
  return c.name.starts_with("accepted: ");
}

TEST(GoldenLayers, Lookups) {
  const std::vector<TfCase> cases = testing::tf_cases("lookup");
  EXPECT_GE(cases.size(), 50U);
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    if (c.refused()) {
      EXPECT_TRUE(refuses([&] { check_lookup(c); }));
    } else if (!may_refuse(c) || !refuses([&] { check_lookup(c); })) {
      ASSERT_NO_THROW(check_lookup(c));
    }
  }
}

// Input layers.

/// (name, shape) of the variables that TensorFlow's input layer makes of a case.
Json input_variables(const Model& m) {
  std::set<std::string> seen;
  Json out = Json::array();
  for (const TfColumn& column : m.model.layer) {
    if (!tf_scope_allowed(column.name)) return nullptr;
    if (column.kind != TfColumn::Kind::kEmbedding) continue;
    const std::string name = column.share.empty() ? *tf_input_variable(column.name) : column.share;
    if (seen.insert(name).second)
      out.push_back({{"name", name}, {"shape", {m.model.info(column.name).num_buckets, column.dimension}}});
  }
  return out;
}

std::set<std::string> as_set(const Json& variables) {
  std::set<std::string> out;
  for (const Json& one : variables) out.insert(one.dump());
  return out;
}

void check_input_layer(const TfCase& c) {
  Model m(c);
  for (const TfColumn& column : m.model.layer) {
    if (column.kind == TfColumn::Kind::kCategorical)
      throw Error::invalid_argument("TensorFlow wants an embedding or an indicator of a categorical column");
  }
  const std::vector<std::string> wanted = m.names();
  if (wanted.empty()) throw Error::invalid_argument("an input layer without columns");
  const InputLayer layer(m.model.columns, m.model.encoder(), wanted);
  const Json& places = c.expected().at("columns");
  ASSERT_EQ(layer.places().size(), places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    EXPECT_EQ(layer.places()[i].column, places[i].at("name"));
    EXPECT_EQ(layer.places()[i].offset, places[i].at("offset"));
    EXPECT_EQ(layer.places()[i].width, places[i].at("width"));
  }
  const Var out = m.run(layer);
  expect_close(out.value(), testing::tf_tensor(c.expected().at("dense")), "dense");
  if (c.expected().contains("variables")) {
    const Json& want = c.expected().at("variables").at("v2");
    const Json have = input_variables(m);
    EXPECT_EQ(have.is_null(), want.is_null());
    EXPECT_EQ(as_set(have), as_set(want));
  }
  if (!c.json->contains("upstream")) return;
  const Matrix upstream = matrix_of(testing::tf_tensor(c.at("upstream")), out.rows(), out.cols());
  m.tape.backward(testing::weighted_sum(m.tape, out, upstream));
  for (const auto& [name, gradient] : c.expected().at("gradient").items()) {
    const auto column =
        std::find_if(m.model.layer.begin(), m.model.layer.end(), [&, &variable = name](const TfColumn& one) {
          // The layer's own scope, "input_layer" in a graph, has another name when TensorFlow runs eagerly.
          return one.share == variable ||
                 (one.share.empty() && variable.ends_with("/" + one.name + "/embedding_weights"));
        });
    ASSERT_NE(column, m.model.layer.end()) << name;
    m.expect_gradient((column->share.empty() ? column->name : column->share) + "/embedding", gradient);
  }
}

TEST(GoldenLayers, InputLayers) {
  const std::vector<TfCase> cases = testing::tf_cases("dense_features");
  EXPECT_GE(cases.size(), 40U);
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    if (c.refused()) {
      EXPECT_TRUE(refuses([&] { check_input_layer(c); }));
    } else {
      ASSERT_NO_THROW(check_input_layer(c));
    }
  }
}

// Linear models.

Json linear_variables(const Model& m, std::int64_t units, bool v2) {
  std::set<std::string> seen;
  Json out = Json::array();
  for (const TfColumn& column : m.model.layer) {
    const auto name = tf_linear_variable(column.name, v2);
    if (!name || !seen.insert(*name).second) return nullptr;
    const EncodedInfo& info = m.model.info(column.name);
    const bool embedded = column.kind == TfColumn::Kind::kEmbedding;
    const std::int64_t rows = embedded ? column.dimension : info.categorical ? info.num_buckets : info.width;
    out.push_back({{"name", *name}, {"shape", {rows, units}}});
    if (!embedded) continue;
    const std::string table = name->substr(0, name->rfind('/')) + "/embedding_weights";
    out.push_back({{"name", table}, {"shape", {info.num_buckets, column.dimension}}});
  }
  out.push_back({{"name", "linear_model/bias_weights"}, {"shape", {units}}});
  return out;
}

void check_linear(const TfCase& c) {
  Model m(c);
  const std::int64_t units = c.at("units");
  const Combiner combiner = combiner_from_name(c.at("sparse_combiner").get<std::string>());
  for (const auto& [name, weights] : c.at("weights").items()) m.fill("linear/" + name, testing::tf_tensor(weights));
  m.fill("linear/bias", testing::tf_tensor(c.at("bias")));

  // Indicators and embeddings are dense there: an indicator is the sum of its ids' weights whatever the combiner.
  Var logits = m.tape.constant(m.tape.zeros(m.batch.rows, units));
  bool biased = false;
  for (const TfColumn& column : m.model.layer) {
    const std::string wanted[] = {column.name};
    if (column.kind == TfColumn::Kind::kEmbedding) {
      const Var x = m.run(InputLayer(m.model.columns, m.model.encoder(), wanted));
      const Var kernel = m.tape.variable(m.parameter("linear/" + column.name, column.dimension, units));
      logits = add(m.tape, logits, dense(m.tape, x, kernel, {}, kernels::Activation::kLinear));
      continue;
    }
    const bool indicator = column.kind == TfColumn::Kind::kIndicator;
    const Var part = m.run(LinearLayer(m.model.columns, m.model.encoder(), wanted, "linear", units,
                                       indicator ? Combiner::kSum : combiner));
    logits = add(m.tape, logits, part);
    if (biased) {  // each layer adds the bias
      logits = add_row(m.tape, logits, scale(m.tape, m.tape.variable(m.store.get("linear/bias")), -1.0F));
    }
    biased = true;
  }
  if (!biased) logits = add_row(m.tape, logits, m.tape.variable(m.store.get("linear/bias")));
  expect_close(logits.value(), testing::tf_tensor(c.expected().at("logits")), "logits");
  const Json& variables = c.expected().at("variables");
  for (const bool v2 : {true, false}) {
    const Json have = linear_variables(m, units, v2);
    const Json& want = variables.at(v2 ? "v2" : "v1");
    EXPECT_EQ(have.is_null(), want.is_null()) << v2;
    EXPECT_EQ(as_set(have), as_set(want)) << v2;
  }
}

TEST(GoldenLayers, LinearModels) {
  const std::vector<TfCase> cases = testing::tf_cases("linear_model");
  EXPECT_GE(cases.size(), 20U);
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    if (!c.refused()) {
      ASSERT_NO_THROW(check_linear(c));
    } else if (c.name != "batch of 0 is refused") {  // here it has no logits
      EXPECT_TRUE(refuses([&] { check_linear(c); }));
    }
  }
}

// Sequences.

/// Of numbers of rank 3 TensorFlow gives the length in steps of the tensor, whatever the shape of the column says a
/// step is: (numbers of our step, numbers of its step), 1 and 1 for everything else.
std::pair<std::int64_t, std::int64_t> numbers_per_step(const Model& m) {
  for (const TfColumn& column : m.model.layer) {
    if (column.kind == TfColumn::Kind::kNumeric && m.model.features.has(column.name)) {
      const TfTensor& tensor = m.model.features.tensor(column.name);
      if (tensor.rank() == 3) return {m.model.info(column.name).width, tensor.shape[2]};
    }
  }
  return {1, 1};
}

void check_sequences(const TfCase& c) {
  Model m(c);
  for (const TfColumn& column : m.model.layer) {
    // Of rank 3 several places of the list are one step.
    for (std::size_t i = 0; i < m.model.encoder().columns().size(); ++i) {
      if (m.model.encoder().columns()[i].name != column.name || column.per_step == 1) continue;
      EncodedColumn& encoded = m.batch.columns[i];
      for (std::int32_t& position : encoded.positions) position /= static_cast<std::int32_t>(column.per_step);
      for (std::int64_t& length : encoded.lengths) length = (length + column.per_step - 1) / column.per_step;
    }
  }
  const SequenceLayer layer(m.model.columns, m.model.encoder(), m.names());
  const std::int64_t least = c.refused() ? 0 : testing::tf_tensor(c.expected().at("dense")).shape[1];
  const SequenceInput out = m.run(layer, least);
  const TfTensor dense = testing::tf_tensor(c.expected().at("dense"));
  const Json& lengths = c.expected().at("lengths");
  ASSERT_EQ(out.lengths.size(), lengths.size());
  const auto [width, inner] = numbers_per_step(m);
  for (std::size_t i = 0; i < lengths.size(); ++i)
    EXPECT_EQ((out.lengths[i] * width + inner - 1) / inner, lengths[i].get<std::int64_t>()) << i;
  EXPECT_EQ(out.length, dense.shape[1]);
  expect_close(out.steps.value(), dense, "dense");
  const Json& columns = c.expected().at("columns");
  ASSERT_EQ(layer.places().size(), columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) EXPECT_EQ(layer.places()[i].column, columns[i]);
}

TEST(GoldenLayers, Sequences) {
  const std::vector<TfCase> cases = testing::tf_cases("sequence_features");
  EXPECT_GE(cases.size(), 30U);
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    if (c.refused()) {
      EXPECT_TRUE(refuses([&] { check_sequences(c); }));
    } else {
      ASSERT_NO_THROW(check_sequences(c));
    }
  }
}

// Variables.

TEST(GoldenLayers, Partitions) {
  const std::vector<TfCase> cases = testing::tf_cases("partition");
  EXPECT_GE(cases.size(), 5U);
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    const std::int64_t rows = c.at("rows");
    const std::vector<std::int64_t> parts = tf_partition(rows, c.at("shards"));
    EXPECT_EQ(Json(parts), c.expected().at("rows_per_shard"));
    Json names = Json::array();
    for (std::size_t i = 0; i < parts.size(); ++i) names.push_back("table/weights/part_" + std::to_string(i));
    EXPECT_EQ(names, c.expected().at("names"));
    std::int64_t row = 0;
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (std::int64_t inner = 0; inner < parts[part]; ++inner, ++row) {
        const TfPartitionedRow found = tf_partitioned_row(row, rows, c.at("shards"));
        EXPECT_EQ(found.part, static_cast<std::int64_t>(part));
        EXPECT_EQ(found.row, inner);
      }
    }
  }
}

TEST(GoldenLayers, TheDefaultStartHasTensorFlowsDistribution) {
  const std::vector<TfCase> cases = testing::tf_cases("initializer");
  EXPECT_GE(cases.size(), 1U);
  ThreadPool pool(2);
  for (const TfCase& c : cases) {
    SCOPED_TRACE(c.title());
    const std::int64_t rows = c.at("rows");
    const std::int64_t dim = c.at("dimension");
    const double sigma = c.expected().at("sigma");
    Parameter table("table", rows, dim, true, nullptr);
    table.initialize(pool, 3, Initial::truncated_normal(1.0F / std::sqrt(static_cast<float>(dim))),
                     [](std::int64_t row) { return static_cast<std::uint64_t>(row); });
    std::vector<double> values;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t d = 0; d < dim; ++d) values.push_back(table.row(r)[d] / sigma);
    }
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    double sum = 0;
    double squares = 0;
    for (const double v : values) {
      sum += v;
      squares += v * v;
    }
    const double noise = 5 / std::sqrt(n);
    EXPECT_NEAR(sum / n, 0, noise);
    EXPECT_NEAR(std::sqrt(squares / n), 0.87962566, noise);  // a standard normal within 2
    EXPECT_LE(values.back(), 2.0000005);
    EXPECT_GE(values.front(), -2.0000005);
    for (const Json& pair : c.expected().at("quantiles_over_sigma")) {
      const double at = pair[0];
      EXPECT_NEAR(values[static_cast<std::size_t>(at * (n - 1))], pair[1].get<double>(), 5 * noise) << at;
    }
  }
}

}  // namespace
}  // namespace kin
