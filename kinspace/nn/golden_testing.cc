#include "kinspace/nn/golden_testing.h"

#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

namespace kin::testing {
namespace {

using Json = nlohmann::json;

Json load(const std::string& path) {
  std::ifstream file(std::string(KIN_SOURCE_DIR) + "/tests/golden/" + path);
  return Json::parse(file);
}

/// A file of tests/golden/training, or of the directory that the environment names: another set of the same kind.
Json load_training(const std::string& name) {
  const char* other = std::getenv("KIN_GOLDEN_TRAINING");
  if (other == nullptr) return load("training/" + name);
  std::ifstream file(std::string(other) + "/" + name);
  return Json::parse(file);
}

double number(const Json& j) {
  if (!j.is_string()) return j.is_boolean() ? double(j.get<bool>()) : j.get<double>();
  const double infinity = std::numeric_limits<double>::infinity();
  return j == "inf" ? infinity : j == "-inf" ? -infinity : std::numeric_limits<double>::quiet_NaN();
}

std::vector<float> floats(const Json& j) {
  std::vector<float> out;
  for (const Json& value : j.is_object() ? j.at("values") : j) out.push_back(static_cast<float>(number(value)));
  return out;
}

std::vector<std::int64_t> integers(const Json& j) {
  return j.get<std::vector<std::int64_t>>();
}

GoldenTensor tensor(const Json& j) {
  return {integers(j.at("shape")), floats(j)};
}

/// The numbers and booleans of an object.
std::map<std::string, double> numbers(const Json& j) {
  std::map<std::string, double> out;
  for (const auto& [key, value] : j.items()) {
    if (value.is_number() || value.is_boolean()) out[key] = number(value);
  }
  return out;
}

GoldenCounts counts(const Json& j, std::int64_t draws) {
  return {j.at("range_max"), draws, integers(j.at("ids")), floats(j.at("expected_count"))};
}

/// Whether a case is a lookup of sparse or padded ids [B, any] as they are, with float32 weights.
bool plain_lookup(const Json& c) {
  const Json& column = c.at("column");
  if (column.at("kind") != "embedding_column") return false;
  if (const Json norm = column.value("max_norm", Json()); !norm.is_null() && norm.get<double>() <= 0) return false;
  if (c.at("name").get<std::string>().rfind("unsafe", 0) == 0) return false;
  const std::string combiner = column.value("combiner", "mean");
  if (combiner != "sum" && combiner != "mean" && combiner != "sqrtn") return false;
  const Json& outer = column.at("categorical_column");
  const bool weighted = outer.at("kind") == "weighted_categorical_column";
  const Json& inner = weighted ? outer.at("categorical_column") : outer;
  if (inner.at("kind") != "categorical_column_with_identity" || inner.contains("default_value")) return false;
  const Json& ids = c.at("input").at("x");
  if (ids.at("shape").size() != 2 || ids.contains("depths") || (!ids.contains("rows") && !ids.at("values").empty())) {
    return false;
  }
  return !weighted || (c.at("input").at("w").at("dtype") == "float32" && c.at("input").at("w").contains("rows"));
}

}  // namespace

GoldenOptimizers golden_optimizers() {
  const Json j = load_training("optimizers.json");
  GoldenOptimizers out;
  for (const auto& [name, value] : j.at("variables").items()) out.variables[name] = tensor(value);
  for (const auto& [series, steps] : j.at("gradients").items()) {
    for (const Json& step : steps) {
      std::map<std::string, GoldenGradient> gradients;
      for (const auto& [variable, g] : step.items()) {
        gradients[variable] = g.is_object() ? GoldenGradient{true, integers(g.at("rows")), floats(g)}
                                            : GoldenGradient{false, {}, floats(g)};
      }
      out.gradients[series].push_back(gradients);
    }
  }
  for (const Json& c : j.at("cases")) {
    GoldenOptimizer one;
    one.name = c.at("name");
    one.class_name = c.at("class");
    one.gradients = c.at("gradients");
    one.arguments = numbers(c.at("arguments"));
    if (const Json& rate = c.at("arguments").at("learning_rate"); rate.is_object()) {
      one.schedule = rate.at("schedule");
      one.schedule_arguments = numbers(rate);
    }
    for (const Json& s : c.at("steps")) {
      GoldenStep step;
      for (const auto& [variable, value] : s.at("weights").items()) step.weights[variable] = floats(value);
      if (s.contains("slots")) {
        for (const auto& [variable, slots] : s.at("slots").items()) {
          for (const auto& [slot, value] : slots.items()) step.slots[variable][slot] = floats(value);
        }
      }
      if (s.contains("scalars")) step.scalars = numbers(s.at("scalars"));
      one.steps.push_back(std::move(step));
    }
    out.cases.push_back(std::move(one));
  }
  return out;
}

std::vector<GoldenSchedule> golden_schedules() {
  const Json j = load_training("schedules.json");
  std::vector<GoldenSchedule> out;
  for (const Json& c : j.at("cases")) {
    const Json none = Json::array();
    out.push_back({c.at("name"), c.at("learning_rate"), numbers(c.at("arguments")),
                   c.at("arguments").value("boundaries", none).get<std::vector<double>>(),
                   c.at("arguments").value("values", none).get<std::vector<double>>(), integers(j.at("steps")),
                   floats(c.at("rates"))});
  }
  return out;
}

std::vector<GoldenClipping> golden_clippings() {
  const Json j = load_training("clipping.json");
  std::vector<GoldenClipping> out;
  const Json& g = j.at("global_norm");
  for (const Json& c : g.at("cases")) {
    GoldenClipping one{number(c.at("clip_norm")), number(c.at("global_norm")), {}, {}};
    for (const char* name : {"a", "values", "b"}) {
      one.in.push_back(tensor(g.at(name)));
      one.out.push_back({one.in.back().shape, floats(c.at(name))});
    }
    out.push_back(std::move(one));
  }
  for (const Json& c : j.at("global_norm_special")) {
    GoldenClipping one{1.0, number(c.at("global_norm")), {}, {}};
    for (const Json& t : c.at("input")) one.in.push_back(tensor(t));
    for (const Json& t : c.at("output")) one.out.push_back(tensor(t));
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<GoldenClip> golden_clips() {
  const Json j = load_training("clipping.json");
  std::vector<GoldenClip> out;
  for (const Json& c : j.at("cases")) {
    out.push_back({c.at("name"), numbers(c.at("arguments")), c.at("arguments").contains("axes"), tensor(c.at("input")),
                   tensor(c.at("output"))});
  }
  return out;
}

std::vector<GoldenSliceClipping> golden_slice_clippings() {
  const Json j = load_training("clipping.json").at("global_norm");
  std::vector<GoldenSliceClipping> out;
  for (const Json& c : j.at("cases")) {
    GoldenSliceClipping one;
    one.clip_norm = number(c.at("clip_norm"));
    one.norm = number(c.at("global_norm"));
    one.rows = integers(j.at("rows"));
    for (const char* name : {"a", "b"}) {
      one.dense.push_back(tensor(j.at(name)));
      one.clipped_dense.push_back({one.dense.back().shape, floats(c.at(name))});
    }
    one.slices = tensor(j.at("values"));
    one.clipped_slices = {one.slices.shape, floats(c.at("values"))};
    out.push_back(std::move(one));
  }
  return out;
}

GoldenSampled golden_sampled() {
  const Json j = load_training("sampled.json");
  const Json& l = j.at("losses");
  GoldenSampled out{tensor(l.at("weights")), tensor(l.at("biases")), tensor(l.at("inputs")), {}, {}, {}};
  for (const Json& c : l.at("cases")) {
    if (c.at("function") != "sampled_softmax_loss") continue;
    const Json& g = c.at("gradient_of_sum");
    out.losses.push_back({c.at("remove_accidental_hits"), c.at("num_true"), integers(c.at("labels")),
                          integers(c.at("sampled")), floats(c.at("true_expected_count")),
                          floats(c.at("sampled_expected_count")), floats(c.at("loss")), floats(g.at("weights")),
                          floats(g.at("biases")), floats(g.at("inputs"))});
  }
  for (const Json& c : j.at("log_uniform").at("plain")) {
    if (c.at("num_sampled") == 1) out.probabilities.push_back(counts(c, 1));
  }
  for (const Json& c : j.at("log_uniform").at("unique")) out.unique.push_back(counts(c, c.at("num_tries")));
  return out;
}

std::vector<GoldenLookup> golden_lookups() {
  const Json j = load("columns/embedding_lookup.json");
  std::vector<GoldenLookup> out;
  for (const Json& c : j.at("cases")) {
    if (!plain_lookup(c)) continue;
    const Json& column = c.at("column");
    const Json& ids = c.at("input").at("x");
    GoldenLookup one;
    one.name = c.at("name");
    one.combiner = column.value("combiner", "mean");
    if (const Json norm = column.value("max_norm", Json()); !norm.is_null()) one.max_norm = norm;
    one.table = tensor(column.at("initializer"));
    one.examples = ids.at("shape")[0];
    if (ids.contains("rows")) one.example_of = integers(ids.at("rows"));
    one.ids = integers(ids.at("values"));
    one.weighted = c.at("input").contains("w");
    if (one.weighted) one.weights = floats(c.at("input").at("w"));
    const Json& expected = c.at("expected");
    one.refused = expected.contains("error");
    if (!one.refused) {
      one.upstream = floats(c.at("upstream"));
      one.dense = floats(expected.at("dense"));
      one.gradient_rows = integers(expected.at("gradient").at("table").at("rows"));
      one.gradient_values = floats(expected.at("gradient").at("table").at("values"));
      if (one.weighted) one.gradient_weights = floats(expected.at("gradient").at("weights"));
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace kin::testing
