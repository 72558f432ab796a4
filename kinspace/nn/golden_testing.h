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

/// Numbers and booleans (as 0 and 1) by their TensorFlow names.
using GoldenArguments = std::map<std::string, double>;

struct GoldenStep {
  std::map<std::string, std::vector<float>> weights;
  std::map<std::string, std::map<std::string, std::vector<float>>> slots;
  std::map<std::string, double> scalars;
};

struct GoldenOptimizer {
  std::string name;        ///< such as "v1/adam"
  std::string class_name;  ///< such as "AdamOptimizer"
  std::string gradients;   ///< which series
  GoldenArguments arguments;
  std::string schedule;  ///< class of the learning rate, such as "ExponentialDecay"; empty: it is a number
  GoldenArguments schedule_arguments;
  std::vector<GoldenStep> steps;
};

struct GoldenOptimizers {
  std::map<std::string, GoldenTensor> variables;
  std::map<std::string, std::vector<std::map<std::string, GoldenGradient>>> gradients;
  std::vector<GoldenOptimizer> cases;
};
GoldenOptimizers golden_optimizers();

struct GoldenSchedule {
  std::string name;
  double learning_rate = 0;
  GoldenArguments arguments;
  std::vector<double> boundaries, values;  ///< of piecewise constants
  std::vector<std::int64_t> steps;
  std::vector<float> rates;
};
std::vector<GoldenSchedule> golden_schedules();

/// Clipping by global norm of gradients that repeat no row.
struct GoldenClipping {
  double clip_norm = 0;
  double norm = 0;
  std::vector<GoldenTensor> in;
  std::vector<GoldenTensor> out;
};
std::vector<GoldenClipping> golden_clippings();

/// Clipping of one dense gradient.
struct GoldenClip {
  std::string name;
  GoldenArguments arguments;
  bool by_row = false;  ///< axes = [1]
  GoldenTensor in, out;
};
std::vector<GoldenClip> golden_clips();

/// Clipping of gradients by row that may repeat rows.
struct GoldenSliceClipping {
  double clip_norm = 0;
  double norm = 0;
  std::vector<std::int64_t> rows;
  std::vector<GoldenTensor> dense, clipped_dense;
  GoldenTensor slices, clipped_slices;
};
std::vector<GoldenSliceClipping> golden_slice_clippings();

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
