// What TensorFlow's Estimators did, as behaviour.json measured it (tests/golden/README.md).

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "kinspace/base/file.h"
#include "kinspace/estimator/keep_checkpoints.h"
#include "kinspace/estimator/stopping.h"

namespace kin {
namespace {

using Json = nlohmann::json;

const Json& golden() {
  static const Json json = [] {
    const char* other = std::getenv("KIN_GOLDEN_TRAINING");
    const std::string directory = other != nullptr ? other : KIN_SOURCE_DIR "/tests/golden/training";
    return Json::parse(read_file(directory + "/behaviour.json", std::uint64_t{1} << 24));
  }();
  return json;
}

std::int64_t integer(const std::ssub_match& digits) {
  return std::stoll(digits.str());
}

TEST(BehaviourGolden, EarlyStoppingEndsAtTheStepsOfTensorFlow) {
  const Json& cases = golden().at("Early stopping");
  std::vector<double> curve;
  for (const auto& [name, value] : cases.items()) {
    if (name.starts_with("loss by global step // 10")) curve = value.get<std::vector<double>>();
  }
  ASSERT_FALSE(curve.empty());
  // As in: stop_if_no_decrease(loss, 20, min_steps=75); the score is the negative loss.
  const std::regex form(
      "stop_if_(no_decrease|no_increase|lower|higher)\\((loss|score), ([-.0-9]+)"
      "(?:, min_steps=(\\d+))?(?:, run_every_steps=(\\d+))?\\)");
  int checked = 0;
  for (const auto& [name, value] : cases.items()) {
    std::smatch words;
    if (!std::regex_match(name, words, form)) continue;
    SCOPED_TRACE(name);
    StoppingRule rule;
    const std::string kind = words[1];
    if (kind == "no_decrease" || kind == "no_increase") {
      rule.kind = kind == "no_decrease" ? StoppingRule::Kind::kNoDecrease : StoppingRule::Kind::kNoIncrease;
      rule.max_steps = integer(words[3]);
    } else {
      rule.kind = kind == "lower" ? StoppingRule::Kind::kLower : StoppingRule::Kind::kHigher;
      rule.threshold = std::stod(words[3]);
    }
    if (words[4].matched) rule.min_steps = integer(words[4]);
    const double sign = words[2] == "loss" ? 1 : -1;
    // A training that evaluates every 10 steps, and looks at the evaluations every so many.
    const std::int64_t look = words[5].matched ? integer(words[5]) : 1;
    std::vector<MetricRow> rows;
    std::int64_t stopped = 0;
    for (std::int64_t step = 1; step <= 150 && stopped == 0; ++step) {
      if (step % 10 == 0) rows.push_back({step, sign * curve.at(std::min<std::size_t>(step / 10, curve.size() - 1))});
      if (step % look != 1 % look) continue;
      // A look at the step of an evaluation sees it: the checkpoint is saved before.
      if (reason_to_stop(rows, rule)) stopped = step;
    }
    EXPECT_EQ(stopped, value.at("stopped after step"));
    ++checked;
  }
  EXPECT_GT(checked, 5);
}

TEST(BehaviourGolden, TheCheckpointsOfTensorFlowAreKept) {
  const Json& cases = golden().at("Checkpoints and files");
  int checked = 0;
  for (const auto& [name, value] : cases.items()) {
    std::vector<std::int64_t> saved;
    KeepRule rule;
    std::smatch words;
    if (std::regex_match(name, words, std::regex("keep_checkpoint_max=(\\d+|None), every (\\d+) of (\\d+) steps"))) {
      for (std::int64_t step = 0; step < integer(words[3]); step += integer(words[2])) saved.push_back(step);
      saved.push_back(integer(words[3]));
    } else if (std::regex_match(name, words,
                                std::regex("keep_checkpoint_max=(\\d+), (\\d+) steps, then a new Estimator for "
                                           "(\\d+) more"))) {
      const std::int64_t middle = integer(words[2]);
      const std::int64_t end = middle + integer(words[3]);
      for (std::int64_t step = 0; step < middle; step += 10) saved.push_back(step);
      for (std::int64_t step = middle; step < end; step += 10) saved.push_back(step);
      saved.push_back(end);
    } else {
      continue;
    }
    SCOPED_TRACE(name);
    rule.last = words[1] == "None" ? 0 : integer(words[1]);
    std::vector<CheckpointRow> there;
    std::vector<std::int64_t> kept;
    for (const std::int64_t step : saved) {
      there.push_back({.step = step, .time = static_cast<double>(step)});
      kept = checkpoints_to_keep(there, rule);
      std::erase_if(there,
                    [&](const CheckpointRow& row) { return !std::binary_search(kept.begin(), kept.end(), row.step); });
    }
    EXPECT_EQ(kept, value.at("kept").get<std::vector<std::int64_t>>());
    ++checked;
  }
  EXPECT_GT(checked, 3);
}

}  // namespace
}  // namespace kin
