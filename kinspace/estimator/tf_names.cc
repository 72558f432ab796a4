#include "kinspace/estimator/tf_names.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "kinspace/features/tf_variables.h"
#include "kinspace/nn/input_layer.h"

namespace kin {
namespace {

/// Names of a shared table: its columns' names, sorted, and a suffix. V2 has it above all, V1 below the input layer.
std::vector<std::string> shared_names(const Spec& spec, const Encoder& encoder, const std::string& share) {
  std::set<std::string> names;
  for (const EncodedInfo& info : encoder.columns()) {
    const auto column = spec.columns.find(info.name);
    if (column == spec.columns.end()) continue;
    const EmbedOptions* embed = embed_options(column->second);
    if (embed != nullptr && embed->share == share) names.insert(info.tf_name);
  }
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : "_") + name;
  const std::string shared = tf_embedding_name(joined, /*shared=*/true);
  return {shared, "dnn/input_from_feature_columns/" + shared};
}

void add_tables(const Spec& spec, const Encoder& encoder, std::map<std::string, TfParameter>& out) {
  for (const EncodedInfo& info : encoder.columns()) {
    const auto column = spec.columns.find(info.name);
    if (column == spec.columns.end()) continue;
    std::vector<std::string>& linear = out["linear/" + info.name].names;
    for (const bool v2 : {true, false}) {
      if (const auto name = tf_linear_variable(info.tf_name, v2)) linear.push_back("linear/" + *name);
    }
    const EmbedOptions* embed = embed_options(column->second);
    if (embed == nullptr || !info.categorical) continue;
    if (!embed->share.empty()) {
      out[embed->share + "/embedding"].names = shared_names(spec, encoder, embed->share);
    } else if (const auto name = tf_input_variable(tf_embedding_name(info.tf_name, false))) {
      out[info.name + "/embedding"].names = {"dnn/input_from_feature_columns/" + *name};
    }
  }
}

/// Rows of the first kernel: TensorFlow sorts columns by its names of them, we by ours. Where sequences are pooled for
/// it, TensorFlow has no such kernel.
std::vector<std::int64_t> kernel_rows(const Spec& spec, const Encoder& encoder) {
  const std::vector<std::string>& deep = spec.model.deep;
  for (const EncodedInfo& info : encoder.columns()) {
    const bool taken = deep.empty() ? spec.columns.count(info.name) != 0
                                    : std::find(deep.begin(), deep.end(), info.name) != deep.end();
    if (info.sequence && taken) return {};
  }
  const InputLayer input(spec.columns, encoder, spec.model.deep);
  const std::vector<InputPlace>& ours = input.places();
  std::vector<std::size_t> order(ours.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return ours[a].tf_name < ours[b].tf_name; });
  std::vector<std::int64_t> row_of(static_cast<std::size_t>(input.width()));
  std::int64_t next = 0;
  for (const std::size_t place : order) {
    for (std::int64_t i = 0; i < ours[place].width; ++i) {
      row_of[static_cast<std::size_t>(ours[place].offset + i)] = next++;
    }
  }
  return row_of;
}

/// The column whose linear weights a parameter holds, or nothing.
std::string encoder_column(const Spec& spec, const std::string& parameter) {
  constexpr std::string_view kLinear = "linear/";
  if (!parameter.starts_with(kLinear)) return {};
  const std::string column = parameter.substr(kLinear.size());
  return spec.columns.find(column) == spec.columns.end() ? std::string() : column;
}

}  // namespace

std::map<std::string, TfParameter> tf_parameters(const Spec& spec, const Encoder& encoder) {
  std::map<std::string, TfParameter> out;
  add_tables(spec, encoder, out);
  out["linear/bias"].names = {"linear/linear_model/bias_weights"};
  out["baseline/bias"].names = {"baseline/bias"};
  const std::size_t layers = spec.model.layers.size();
  for (std::size_t i = 0; i < layers; ++i) {
    const std::string ours = fmt::format("layer_{}", i);
    const std::string theirs = fmt::format("dnn/hiddenlayer_{}", i);
    for (const char* part : {"kernel", "bias"}) out[ours + "/" + part].names = {theirs + "/" + part};
    for (const char* part : {"beta", "gamma", "moving_mean", "moving_variance"}) {
      out[ours + "/batch_norm/" + part].names = {fmt::format("{}/batchnorm_{}/{}", theirs, i, part)};
    }
  }
  for (const char* part : {"kernel", "bias"})
    out[std::string("logits/") + part].names = {std::string("dnn/logits/") + part};
  if (spec.model.kind == "deep" || spec.model.kind == "wide_deep") {
    out[layers == 0 ? "logits/kernel" : "layer_0/kernel"].row_of = kernel_rows(spec, encoder);
  }
  return out;
}

std::vector<TfTensorOut> tf_tensors(const Spec& spec, const Encoder& encoder, const ParameterStore& store) {
  const std::map<std::string, TfParameter> known = tf_parameters(spec, encoder);
  const bool v1 = spec.train.compat == "tf1";
  std::vector<TfTensorOut> out;
  for (const Parameter* parameter : store.all()) {
    const auto tf = known.find(parameter->name());
    const bool renamed = tf != known.end() && !tf->second.names.empty();
    TfTensorOut& tensor = out.emplace_back();
    tensor.name = !renamed ? parameter->name() : v1 ? tf->second.names.back() : tf->second.names.front();
    const bool vector =
        parameter->rows() == 1 && !parameter->name().ends_with("/kernel") && !parameter->name().ends_with("/embedding");
    tensor.shape = {parameter->rows(), parameter->dim()};
    if (vector && encoder_column(spec, parameter->name()).empty()) tensor.shape = {parameter->dim()};
    tensor.values.resize(static_cast<std::size_t>(parameter->rows() * parameter->dim()));
    for (std::int64_t r = 0; r < parameter->rows(); ++r) {
      const bool moved = renamed && !tf->second.row_of.empty();
      const std::int64_t to = moved ? tf->second.row_of[static_cast<std::size_t>(r)] : r;
      const std::int64_t dim = parameter->dim();
      parameter->stored().read(r, {tensor.values.data() + to * dim, 1, dim, dim});
    }
  }
  return out;
}

std::vector<std::string> tf_slot_names(const std::string& name, std::string_view optimizer, std::string_view slot,
                                       std::size_t index) {
  static const std::map<std::string_view, std::pair<const char*, const char*>> kClasses = {
      {"sgd", {"SGD", "GradientDescent"}}, {"momentum", {"SGD", "Momentum"}}, {"adagrad", {"Adagrad", "Adagrad"}},
      {"adam", {"Adam", "Adam"}},          {"ftrl", {"Ftrl", "Ftrl"}},        {"rmsprop", {"RMSprop", "RMSProp"}}};
  const auto found = kClasses.find(optimizer);
  if (found == kClasses.end()) return {};
  std::vector<std::string> out;
  for (const char* scope : {"training", "training_2"}) {
    out.push_back(fmt::format("{}/{}/{}/{}", scope, found->second.first, name, slot));
  }
  const std::string v1 = std::string(found->second.second) + (index == 0 ? "" : fmt::format("_{}", index));
  for (const char* part : {"", "/t_0", "/part_0"}) out.push_back(name + part + "/" + v1);
  return out;
}

}  // namespace kin
