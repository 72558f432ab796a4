#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kinspace/features/testing/golden_columns.h"
#include "kinspace/nn/dense.h"
#include "kinspace/nn/input_layer.h"
#include "kinspace/nn/normalization.h"
#include "kinspace/nn/parameters.h"

// What canned DNNs with batch_norm=True of TensorFlow 2.15.1 do (tests/golden/README.md): the moving averages after
// their first step, and the logits that they predict with them.

namespace kin {
namespace {

using Json = nlohmann::json;
using testing::TfCase;
using testing::TfColumn;
using testing::TfModel;

std::filesystem::path directory() {
  const char* given = std::getenv("KIN_GOLDEN_TRAINING");
  const std::filesystem::path root = given != nullptr ? given : std::string(KIN_SOURCE_DIR) + "/tests/golden/training";
  return root / "estimators";
}

Json load(const std::filesystem::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

/// The cells of one feature as the golden files of columns write tensors.
Json tensor_of(const std::string& key, const Json& feature, const std::vector<Json>& rows) {
  Json out = {{"dtype", feature.at("dtype")}, {"values", Json::array()}};
  if (feature.at("feed") == "sparse") {
    out["rows"] = out["cols"] = Json::array();
    std::size_t longest = 0;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const Json& cells = rows[r].at(key);
      longest = std::max(longest, cells.size());
      for (std::size_t c = 0; c < cells.size(); ++c) {
        out["rows"].push_back(r);
        out["cols"].push_back(c);
        out["values"].push_back(cells[c]);
      }
    }
    out["shape"] = {rows.size(), longest};
    return out;
  }
  const bool list = rows.at(0).at(key).is_array();
  for (const Json& row : rows) {
    for (const Json& value : list ? row.at(key) : Json::array({row.at(key)})) out["values"].push_back(value);
  }
  out["shape"] = list ? Json{rows.size(), rows[0].at(key).size()} : Json{rows.size()};
  return out;
}

/// The deep part of an Estimator on some rows.
struct Deep {
  Deep(const TfCase& c, const Json& variables) : model(c), batch(model.encode()) {
    for (const auto& [name, value] : variables.items()) {
      const Json& shape = value.at("shape");
      if (shape.empty()) continue;
      const std::int64_t cols = shape.back();
      Parameter& parameter = store.add(name, shape.size() == 1 ? 1 : shape[0].get<std::int64_t>(), cols);
      std::int64_t i = 0;
      for (const double v : testing::tf_tensor(value).as_numbers()) {
        parameter.row(i / cols)[i % cols] = static_cast<float>(v);
        ++i;
      }
    }
  }

  Var value(const std::string& name) { return tape.variable(store.get(name)); }

  /// The variable of an embedding column by the name that our layer has for it.
  Parameter& table(const std::string& name) {
    const std::string end = "/" + name.substr(0, name.rfind('/')) + "/embedding_weights";
    for (Parameter* p : store.all()) {
      if (p->name().ends_with(end) && p->name().starts_with("dnn/")) return *p;
    }
    throw std::out_of_range(name);
  }

  /// What the hidden layers make of the batch.
  Var hidden(bool training) {
    tape.begin({.training = training});
    std::vector<std::string> wanted;
    for (const TfColumn& column : model.layer) wanted.push_back(column.name);
    Var x = InputLayer(model.columns, model.encoder(), wanted)(
        tape,
        [this](const std::string& name, std::int64_t, std::int64_t, const ParameterOptions&, KeyNumber) -> Parameter& {
          return table(name);
        },
        batch);
    for (int i = 0;; ++i) {
      const std::string layer = "dnn/hiddenlayer_" + std::to_string(i);
      if (store.find(layer + "/kernel") == nullptr) return x;
      const std::string norm = layer + "/batchnorm_" + std::to_string(i);
      x = dense(tape, x, value(layer + "/kernel"), value(layer + "/bias"), kernels::Activation::kRelu);
      x = batch_norm(tape, x, value(norm + "/gamma"), value(norm + "/beta"), store.get(norm + "/moving_mean"),
                     store.get(norm + "/moving_variance"), {.momentum = 0.999});
    }
  }

  TfModel model;
  EncodedBatch batch;
  ThreadPool pool{2};
  ParameterStore store;
  Tape tape{pool, 1};
};

TfCase case_of(const std::string& name, const Json& rows, const Json& estimator, const std::vector<Json>& batch) {
  const Json& roles = estimator.at("columns");
  const std::string role = roles.value("feature_columns", roles.value("dnn_feature_columns", ""));
  Json input = Json::object();
  for (const auto& [key, feature] : rows.at("features").items()) input[key] = tensor_of(key, feature, batch);
  const Json json = {
      {"name", name}, {"api", "dense_features"}, {"columns", rows.at("columns").at(role)}, {"input", input}};
  return {name, name, "dense_features", std::make_shared<const Json>(json)};
}

void expect_close(const float* have, const Json& want, const std::string& what) {
  const std::vector<double> values = testing::tf_tensor(want).as_numbers();
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(double(have[i]), values[i], 1e-6 + 2e-6 * std::abs(values[i])) << what << " " << i;
  }
}

TEST(GoldenBatchNorm, MovesAndPredictsAsTheCannedNetworks) {
  if (!std::filesystem::exists(directory() / "rows.json")) GTEST_SKIP() << "no golden estimators";
  const Json rows = load(directory() / "rows.json");
  const auto train = rows.at("train_batches").at(0).get<std::vector<Json>>();
  std::vector<Json> test;
  for (const Json& batch : rows.at("eval_batches")) test.insert(test.end(), batch.begin(), batch.end());
  int moved = 0;
  int predicted = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || name == "rows") continue;
    const Json estimator = load(entry.path());
    if (!estimator.at("arguments").value("batch_norm", false)) continue;
    SCOPED_TRACE(name);

    Deep first(case_of(name, rows, estimator, train), estimator.at("initial"));
    first.hidden(/*training=*/true);
    for (const auto& [variable, value] : estimator.at("after_step_1").items()) {
      if (variable.find("/moving_") == std::string::npos) continue;
      expect_close(first.store.get(variable).row(0), value, variable);
      ++moved;
    }

    const Json& predictions = estimator.at("predictions");
    if (!predictions.contains("logits")) continue;
    Deep last(case_of(name, rows, estimator, test), estimator.at("after_step_5"));
    const Var x = last.hidden(/*training=*/false);
    const Var logits = dense(last.tape, x, last.value("dnn/logits/kernel"), last.value("dnn/logits/bias"),
                             kernels::Activation::kLinear);
    expect_close(logits.value().data, predictions.at("logits"), "logits");
    ++predicted;
  }
  EXPECT_GE(moved, 4);
  EXPECT_GE(predicted, 1);
}

}  // namespace
}  // namespace kin
