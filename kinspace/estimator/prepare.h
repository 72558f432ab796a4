#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/examples.h"
#include "kinspace/estimator/step.h"
#include "kinspace/estimator/train.h"
#include "kinspace/features/vocabulary.h"
#include "kinspace/nn/sampler.h"

namespace kin {

/// Everything that a run needs before its first step.
struct Prepared {
  Spec spec;  ///< as given, with the dimension that the rule of thumb gave
  Dataset dataset;
  Vocabulary vocabulary;
  std::vector<std::int32_t> row_of_item;  ///< for each item of the histories; -1: none
  std::unique_ptr<Examples> examples;
  std::unique_ptr<Sampler> sampler;  ///< with negatives
  ModelContext context;              ///< points into this
  RunPlan plan;
};

/// Reads the data, learns the vocabulary, cuts the examples and works out the plan.
/// Errors: those of load_dataset(); kBadData when the vocabulary is empty or no example is left; kResourceLimit when
/// the run would need more memory than `options` allows.
std::unique_ptr<Prepared> prepare(const Spec& spec, const RunOptions& options, ThreadPool& pool,
                                  TrainObserver& observer);

}  // namespace kin
