#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// Numbers computed by TensorFlow 2.15.1, from tests/golden (made by the scripts named in tests/golden/README.md).

namespace kin::testing {

struct GoldenTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// Gradient of one variable in one step: rows, or (no rows given) the whole.
struct GoldenGradient {
  bool sparse = false;
  std::vector<std::int64_t> rows;
  std::vector<float> values;
};

struct GoldenStep {
  std::map<std::string, std::vector<float>> weights;
  std::map<std::string, std::map<std::string, std::vector<float>>> slots;
};

struct GoldenOptimizer {
  std::string name;       ///< such as "v1/adam"
  std::string gradients;  ///< which series
  std::map<std::string, double> arguments;
  std::vector<GoldenStep> steps;
};

struct GoldenOptimizers {
  std::map<std::string, GoldenTensor> variables;
  std::map<std::string, std::vector<std::map<std::string, GoldenGradient>>> gradients;
  std::vector<GoldenOptimizer> cases;  ///< those with numeric arguments only
};
GoldenOptimizers golden_optimizers();

struct GoldenSchedule {
  std::string name;
  double learning_rate = 0;
  std::map<std::string, double> arguments;  ///< booleans as 0 and 1
  std::vector<std::int64_t> steps;
  std::vector<float> rates;
};
std::vector<GoldenSchedule> golden_schedules();

/// Clipping by global norm of dense gradients.
struct GoldenClipping {
  double clip_norm = 0;
  double norm = 0;
  std::vector<GoldenTensor> in;
  std::vector<GoldenTensor> out;
};
std::vector<GoldenClipping> golden_clippings();

struct GoldenSampledLoss {
  bool remove_accidental_hits = false;
  std::int64_t num_true = 1;
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> sampled;
  std::vector<float> true_expected, sampled_expected;
  std::vector<float> loss;                           ///< of each example
  std::vector<float> d_weights, d_biases, d_inputs;  ///< of their sum
};

struct GoldenCounts {
  std::int64_t items = 0;
  std::int64_t draws = 0;
  std::vector<std::int64_t> ids;
  std::vector<float> expected;
};

struct GoldenSampled {
  GoldenTensor weights, biases, inputs;
  std::vector<GoldenSampledLoss> losses;
  std::vector<GoldenCounts> probabilities;  ///< log-uniform, draws = 1
  std::vector<GoldenCounts> unique;         ///< log-uniform, until distinct
};
GoldenSampled golden_sampled();

/// Lookup of sparse ids [B, any] in a table, with gradients for `upstream`.
struct GoldenLookup {
  std::string name;
  std::string combiner;
  float max_norm = 0;  ///< 0: none
  GoldenTensor table;
  std::int64_t examples = 0;
  std::vector<std::int64_t> example_of;  ///< of each id
  std::vector<std::int64_t> ids;
  bool weighted = false;
  std::vector<float> weights;
  bool refused = false;
  std::vector<float> upstream, dense;
  std::vector<std::int64_t> gradient_rows;
  std::vector<float> gradient_values, gradient_weights;
};
std::vector<GoldenLookup> golden_lookups();

}  // namespace kin::testing
