// What tf.train.warm_start and warm_start_from make of variables (tests/golden/README.md).

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/estimator/warm_start_settings.h"
#include "kinspace/features/testing/golden_tensor.h"

namespace kin {
namespace {

using Json = nlohmann::json;

std::string directory() {
  const char* other = std::getenv("KIN_GOLDEN_TRAINING");
  return std::string(other != nullptr ? other : KIN_SOURCE_DIR "/tests/golden/training") + "/warm_start/";
}

Json golden(const std::string& name) {
  return Json::parse(read_file(directory() + name, std::uint64_t{1} << 24));
}

std::map<std::string, VocabInfo> vocab_infos(const Json& json) {
  std::map<std::string, VocabInfo> out;
  for (const auto& [name, given] : json.items()) {
    VocabInfo& info = out[name];
    info.new_vocab = directory() + given.at("new_vocab").get<std::string>();
    info.new_vocab_size = given.at("new_vocab_size");
    info.num_oov_buckets = given.at("num_oov_buckets");
    info.old_vocab = directory() + given.at("old_vocab").get<std::string>();
    info.old_vocab_size = given.value("old_vocab_size", std::int64_t{-1});
    info.axis = given.value("axis", 0);
    if (given.contains("backup_initializer")) {
      info.backup_initializer = Initial::constant(given.at("backup_initializer").get<float>());
    }
  }
  return out;
}

WarmStartSettings settings(const std::string& source, const Json& json) {
  WarmStartSettings out;
  out.ckpt_to_initialize_from = directory() + source;
  if (json.contains("vars_to_warm_start")) {
    const Json& vars = json.at("vars_to_warm_start");
    if (vars.is_null()) {
      out.vars_to_warm_start = std::nullopt;
    } else if (vars.is_string()) {
      out.vars_to_warm_start = vars.get<std::string>();
    } else {
      out.vars_to_warm_start = vars.get<std::vector<std::string>>();
    }
  }
  out.var_name_to_vocab_info = vocab_infos(json.value("var_name_to_vocab_info", Json::object()));
  out.var_name_to_prev_var_name =
      json.value("var_name_to_prev_var_name", Json::object()).get<std::map<std::string, std::string>>();
  return out;
}

/// Variables that own their values.
class Variables {
 public:
  void add(const std::string& name, const std::vector<std::int64_t>& shape, bool trainable, float start) {
    const bool matrix = shape.size() == 2;
    std::int64_t cols = 1;
    if (!shape.empty()) cols = shape.back();
    Matrix& values = values_.emplace_back(matrix ? shape[0] : 1, cols);
    std::fill(values.values().begin(), values.values().end(), start);
    all_.push_back({name, values.view(), trainable, shape});
  }

  const std::vector<WarmVariable>& all() const noexcept { return all_; }

  void expect(const std::string& name, const Json& json) const {
    const std::vector<double> want = testing::tf_tensor(json).as_numbers();
    for (const WarmVariable& variable : all_) {
      if (variable.name != name) continue;
      ASSERT_EQ(want.size(), static_cast<std::size_t>(variable.values.rows * variable.values.cols)) << name;
      const Matrix have = variable.values.copy();
      for (std::size_t i = 0; i < want.size(); ++i) {
        EXPECT_EQ(have.values()[i], static_cast<float>(want[i])) << name << " element " << i;
      }
      return;
    }
    ADD_FAILURE() << "no variable " << name;
  }

 private:
  std::deque<Matrix> values_;
  std::vector<WarmVariable> all_;
};

/// TensorFlow's exceptions as ours; IndexError is how it answers a vector with a vocabulary.
bool same_kind(const std::string& type, const Error& error) {
  if (type == "NotFoundError") return error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kIo;
  if (type == "ValueError") {
    return error.code() == ErrorCode::kInvalidArgument || error.code() == ErrorCode::kNotFound;
  }
  return error.code() == ErrorCode::kInvalidArgument || error.code() == ErrorCode::kBadData;
}

TEST(WarmStartGolden, VariablesStartAsTensorFlowStartsThem) {
  int checked = 0;
  const Json json = golden("graph.json");
  for (const Json& one : json.at("cases")) {
    const std::string name = one.at("name");
    SCOPED_TRACE(name);
    Variables variables;
    for (const auto& [variable, given] : one.at("new_variables").items()) {
      variables.add(variable, given.at("shape").get<std::vector<std::int64_t>>(), given.value("trainable", true),
                    given.at("starts_as").get<float>());
    }
    const WarmStartSettings chosen = settings(one.at("source"), one.at("settings"));
    ++checked;
    if (name == "regex_in_the_middle_matches_nothing") {  // silently nothing there, an error here
      EXPECT_THROW(warm_start(chosen, variables.all()), Error);
    } else if (one.contains("error")) {
      try {
        warm_start(chosen, variables.all());
        ADD_FAILURE() << "no error; TensorFlow: " << one.at("error").dump();
      } catch (const Error& error) {
        EXPECT_TRUE(same_kind(one.at("error").at("type"), error))
            << error_name(error.code()) << ": " << error.message();
      }
      continue;
    } else {
      const WarmStartReport report = warm_start(chosen, variables.all());
      EXPECT_EQ(report.rows.size(), variables.all().size());
    }
    for (const auto& [variable, after] : one.at("after").items()) variables.expect(variable, after);
  }
  EXPECT_GE(checked, 31);
}

/// Every variable of an estimator whose start the settings decide; the others were drawn.
TEST(WarmStartGolden, EstimatorsStartAsTensorFlowStartsThem) {
  const Json json = golden("estimators.json");
  int checked = 0;
  for (const Json& one : json.at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    Variables variables;
    for (const auto& [name, start] : one.at("start").items()) {
      const bool trainable = name.starts_with("dnn/") || name.starts_with("linear/");
      variables.add(name, start.at("shape").get<std::vector<std::int64_t>>(), trainable, -1.0F);
    }
    const Json& from = one.at("warm_start_from");
    const WarmStartSettings chosen =
        from.is_string() ? settings(from, Json::object()) : settings("previous/model.ckpt", from);
    for (const WarmStarted& row : warm_start(chosen, variables.all()).rows) {
      if (row.tensor.empty()) continue;
      variables.expect(row.parameter, one.at("start").at(row.parameter));
      ++checked;
    }
  }
  EXPECT_GE(checked, 40);
}

}  // namespace
}  // namespace kin
