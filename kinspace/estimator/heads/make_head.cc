#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/heads/row_head.h"

namespace kin {
namespace {

LossReduction reduction_of(const std::string& word) {
  constexpr std::pair<const char*, LossReduction> kWords[] = {{"mean", LossReduction::kMean},
                                                              {"sum", LossReduction::kSum},
                                                              {"weighted_mean", LossReduction::kWeightedMean},
                                                              {"nonzero_mean", LossReduction::kNonzeroMean}};
  for (const auto& [name, reduction] : kWords) {
    if (word == name) return reduction;
  }
  throw Error::invalid_argument(
      fmt::format("the reduction {} is unknown; there are mean, sum, weighted_mean and nonzero_mean", quoted(word)));
}

struct Rule {
  const char* setting;
  bool given;
  std::vector<std::string> kinds;  ///< those that have the setting
};

/// Settings that say nothing to a head of this kind.
void check_settings(const HeadOptions& o, const std::string& path) {
  const Rule rules[] = {
      {"labels", !o.labels.empty(), {"binary", "multi_class", "multi_label"}},
      {"classes", o.classes != 0, {"binary", "multi_class", "multi_label"}},
      {"dimension", o.dimension != 1, {"regression", "poisson", "logistic", "multi_label"}},
      {"split", !o.split.empty(), {"regression", "poisson", "logistic", "multi_label"}},
      {"transform", o.transform != "none", {"regression"}},
      {"link", o.link != "identity", {"regression"}},
      {"loss", o.loss != "squared", {"regression"}},
      {"huber_delta", o.huber_delta != HeadOptions{}.huber_delta, {"regression"}},
      {"full_loss", !o.full_loss, {"poisson"}},
      {"thresholds", !o.thresholds.empty(), {"binary", "multi_label"}},
      {"class_metrics", !o.class_metrics.empty(), {"multi_label"}},
  };
  for (const Rule& rule : rules) {
    if (!rule.given || std::find(rule.kinds.begin(), rule.kinds.end(), o.kind) != rule.kinds.end()) continue;
    throw Error::invalid_argument(fmt::format("{0}.{1} says nothing to {0}.kind = {2}; it is for {3}", path,
                                              rule.setting, quoted(o.kind), fmt::join(rule.kinds, ", ")),
                                  fmt::format("leave out {}.{}", path, rule.setting));
  }
  for (const double t : o.thresholds) {
    if (t > 0 && t < 1) continue;
    throw Error::invalid_argument(fmt::format("{}.thresholds has {}; a threshold lies between 0 and 1", path, t));
  }
  const auto one_of = [&](const char* setting, const std::string& word, std::vector<std::string> words) {
    if (std::find(words.begin(), words.end(), word) != words.end()) return;
    throw Error::invalid_argument(
        fmt::format("{}.{} is {}; there are {}", path, setting, quoted(word), fmt::join(words, ", ")));
  };
  one_of("transform", o.transform, {"none", "log1p", "zscore"});
  one_of("link", o.link, {"identity", "exp"});
  one_of("loss", o.loss, {"squared", "absolute", "huber"});
  if (!(o.huber_delta > 0 && std::isfinite(o.huber_delta))) {
    throw Error::invalid_argument(fmt::format("{}.huber_delta is {}; it has to be above 0", path, o.huber_delta));
  }
  if (o.loss != "huber" && o.huber_delta != HeadOptions{}.huber_delta) {
    throw Error::invalid_argument(
        fmt::format("{0}.huber_delta says nothing to {0}.loss = {1}; it is for huber", path, quoted(o.loss)),
        fmt::format("leave out {0}.huber_delta, or set {0}.loss = \"huber\"", path));
  }
}

}  // namespace

std::unique_ptr<Head> make_head(const HeadOptions& options, const std::string& name, const std::string& reduction) {
  const LossReduction how = reduction_of(reduction);
  const std::string path = name.empty() ? "head" : "heads." + name;
  check_settings(options, path);
  if (options.kind == "binary") return make_binary_head(options, name, how);
  if (options.kind == "multi_class") return make_multi_class_head(options, name, how);
  if (options.kind == "multi_label") return make_multi_label_head(options, name, how);
  if (options.kind == "regression" || options.kind == "poisson" || options.kind == "logistic") {
    return make_regression_head(options, name, how);
  }
  throw Error::invalid_argument(fmt::format(
      "{}.kind is {}; over rows there are binary, multi_class, multi_label, regression, poisson and logistic", path,
      quoted(options.kind)));
}

}  // namespace kin
