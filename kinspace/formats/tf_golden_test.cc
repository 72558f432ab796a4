// Checkpoints that TensorFlow 2.15.1 wrote, what it reads from them and says about damaged ones
// (tests/golden/README.md).

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "kinspace/formats/checkpoint_state.h"
#include "kinspace/formats/find_checkpoint.h"
#include "kinspace/formats/internal/convert_elements.h"
#include "kinspace/formats/model_fixture.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_bundle.h"

namespace kin {
namespace {

using Json = nlohmann::json;

std::string golden_path(const std::string& name) {
  const char* other = std::getenv("KIN_GOLDEN_TRAINING");
  return (other != nullptr ? std::string(other) : KIN_SOURCE_DIR "/tests/golden/training") + "/checkpoints/" + name;
}

Json golden(const std::string& name) {
  return Json::parse(slurp(golden_path(name)));
}

double number(const Json& json) {
  if (json.is_number()) return json;
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (json == "inf" || json == "-inf") {
    return json == "inf" ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  }
  return std::stod(json.get<std::string>());
}

template <class T>
bool same_number(const Json& json, T value) {
  const auto want = static_cast<T>(number(json));
  return std::isnan(want) ? std::isnan(value) : want == value && std::signbit(want) == std::signbit(value);
}

std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

/// All elements as they are stored.
std::string raw(TensorFile& file, const StoredTensor& tensor) {
  const std::uint64_t width = stored_type_bytes(tensor.type);
  std::string bytes(static_cast<std::size_t>(tensor.elements()) * width, '\x5A');
  std::uint64_t given = 0;
  file.read_elements(tensor, 0, tensor.elements(), [&](std::int64_t first, std::string_view piece) {
    bytes.replace(static_cast<std::size_t>(first) * width, piece.size(), piece);
    given += piece.size();
  });
  EXPECT_EQ(given, bytes.size());
  return bytes;
}

template <class T>
std::vector<T> values_of(const std::string& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

void expect_integers(TensorFile& file, const StoredTensor& tensor, const Json& values) {
  if (tensor.type == StoredType::kU64) {
    const auto got = values_of<std::uint64_t>(raw(file, tensor));
    ASSERT_EQ(got.size(), values.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(std::to_string(got[i]), values[i].is_string() ? values[i].get<std::string>() : values[i].dump());
    }
    return;
  }
  const std::vector<std::int64_t> got = file.read_integers(tensor);
  ASSERT_EQ(got.size(), values.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(std::to_string(got[i]), values[i].is_string() ? values[i].get<std::string>() : values[i].dump()) << i;
  }
}

template <class T>
void expect_numbers(const std::vector<T>& got, const Json& values) {
  ASSERT_EQ(got.size(), values.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(same_number(values[i], got[i])) << i << ": " << got[i];
}

void expect_tensor(TensorFile& file, const StoredTensor& tensor, const Json& want) {
  if (want.contains("error")) {  // TensorFlow joins slices neither of strings nor in the old format
    if (tensor.type == StoredType::kString) {
      EXPECT_EQ(file.read_strings(tensor).size(), static_cast<std::size_t>(tensor.elements()));
    } else {
      raw(file, tensor);
    }
    return;
  }
  EXPECT_EQ(stored_type_name(tensor.type), want.at("dtype"));
  EXPECT_EQ(tensor.shape, want.at("shape").get<std::vector<std::int64_t>>());
  switch (tensor.type) {
    case StoredType::kString: {
      std::vector<std::string> strings;
      for (const Json& value : want.at("values")) {
        strings.push_back(want.contains("encoding") ? unhex(value) : value.get<std::string>());
      }
      EXPECT_EQ(file.read_strings(tensor), strings);
      return;
    }
    case StoredType::kF64:
      expect_numbers(values_of<double>(raw(file, tensor)), want.at("values"));
      return;
    case StoredType::kF32:
    case StoredType::kF16:
    case StoredType::kBF16: {
      const Matrix matrix = file.read_matrix(tensor);
      expect_numbers(std::vector<float>(matrix.values().begin(), matrix.values().end()), want.at("values"));
      return;
    }
    case StoredType::kComplex64:
    case StoredType::kComplex128: {
      const std::string bytes = raw(file, tensor);
      std::vector<double> real;
      std::vector<double> imaginary;
      const bool narrow = tensor.type == StoredType::kComplex64;
      for (const float value : narrow ? values_of<float>(bytes) : std::vector<float>()) real.push_back(value);
      if (!narrow) real = values_of<double>(bytes);
      for (std::size_t i = 0; i < real.size() / 2; ++i) {
        imaginary.push_back(real[2 * i + 1]);
        real[i] = real[2 * i];
      }
      real.resize(real.size() / 2);
      expect_numbers(real, want.at("real"));
      expect_numbers(imaginary, want.at("imag"));
      return;
    }
    default:
      expect_integers(file, tensor, want.at("values"));
  }
}

void expect_graph(const TfBundle& bundle, const Json& want) {
  const std::vector<ObjectGraphNode>& graph = bundle.object_graph();
  ASSERT_EQ(graph.size(), want.size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    Json node = {{"children", Json::object()}, {"attributes", Json::array()}, {"slot_variables", Json::array()}};
    for (const auto& [name, child] : graph[i].children) node["children"][name] = child;
    for (const auto& a : graph[i].attributes) {
      node["attributes"].push_back(
          {{"name", a.name}, {"full_name", a.full_name}, {"checkpoint_key", a.checkpoint_key}});
    }
    for (const auto& s : graph[i].slots) {
      node["slot_variables"].push_back({{"original", s.original}, {"slot_name", s.name}, {"slot", s.variable}});
    }
    EXPECT_EQ(node, want[i]) << i;
  }
}

TEST(TfGolden, EveryTensorOfEveryCheckpointIsRead) {
  int tensors = 0;
  const Json answers = golden("checkpoints.json");
  for (const Json& want : answers.at("checkpoints")) {
    const std::string prefix = want.at("prefix");
    SCOPED_TRACE(prefix);
    const auto file = open_tensor_file(golden_path(prefix));
    if (want.contains("names")) continue;  // the next test
    std::size_t expected = want.at("tensors").size();
    if (want.contains("object_graph")) {
      ++expected;
      expect_graph(dynamic_cast<const TfBundle&>(*file), want.at("object_graph"));
    }
    EXPECT_EQ(file->tensors().size(), expected);
    for (const auto& [name, tensor] : want.at("tensors").items()) {
      SCOPED_TRACE(name);
      const StoredTensor* found = file->find(name);
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(found->name, name);
      expect_tensor(*file, *found, tensor);
      ++tensors;
    }
  }
  EXPECT_GT(tensors, 100);
}

TEST(TfGolden, AnIndexOfSeveralBlocksIsReadWhole) {
  const Json answers = golden("checkpoints.json");
  for (const Json& want : answers.at("checkpoints")) {
    if (!want.contains("names")) continue;
    const auto file = open_tensor_file(golden_path(want.at("prefix")));
    const auto names = open_tensor_file(golden_path(want.at("values")));
    const Matrix values = names->read_matrix(names->tensors().front());
    std::istringstream lines(slurp(golden_path(want.at("names"))));
    std::string name;
    std::int64_t row = 0;
    for (; std::getline(lines, name) && !HasFailure(); ++row) {
      const Matrix got = file->read_matrix(file->require(name));
      ASSERT_EQ(got.values().size(), 1U);
      EXPECT_EQ(got.row(0)[0], values.row(row)[0]) << name;
    }
    EXPECT_EQ(static_cast<std::size_t>(row), file->tensors().size());
    EXPECT_GT(row, 1000);
  }
}

TEST(TfGolden, VariablesAreFoundByTheirNamesInTheObjectGraph) {
  int found = 0;
  const Json answers = golden("checkpoints.json");
  for (const Json& want : answers.at("checkpoints")) {
    if (!want.contains("object_graph")) continue;
    const auto file = open_tensor_file(golden_path(want.at("prefix")));
    std::map<std::string, std::set<std::string>> keys;
    for (const Json& node : want.at("object_graph")) {
      for (const Json& attribute : node.at("attributes")) {
        const std::string key = attribute.at("checkpoint_key");
        if (file->find(key) == nullptr) continue;
        keys[attribute.at("full_name")].insert(key);
        const std::string path = key.substr(0, key.find("/.ATTRIBUTES"));
        ASSERT_NE(file->find(path), nullptr) << path;
        EXPECT_EQ(file->find(path)->name, key);
        EXPECT_EQ(file->find(path + ":0")->name, key);
      }
    }
    for (const auto& [name, all] : keys) {
      const StoredTensor* tensor = file->find(name);
      if (all.size() > 1) {
        EXPECT_EQ(tensor, nullptr) << name;
      } else {
        ASSERT_NE(tensor, nullptr) << name;
        EXPECT_EQ(tensor->name, *all.begin());
        ++found;
      }
    }
  }
  EXPECT_GT(found, 20);
}

TEST(TfGolden, DamageIsFoundWhereTensorFlowFindsItAndNamed) {
  const Json answers = golden("damaged.json");
  for (const Json& want : answers.at("cases")) {
    const std::string prefix = want.at("prefix");
    SCOPED_TRACE(prefix);
    std::unique_ptr<TensorFile> file;
    try {
      file = open_tensor_file(golden_path(prefix));
    } catch (const Error& error) {
      EXPECT_EQ(error_name(error.code()), error_name(ErrorCode::kCorruption));
      EXPECT_NE(error.message().find("model.ckpt"), std::string::npos) << error.message();
    }
    EXPECT_EQ(file == nullptr, !want.at("open").is_null());
    if (file == nullptr) continue;
    for (const auto& [name, failure] : want.at("read").items()) {
      SCOPED_TRACE(name);
      const StoredTensor& tensor = file->require(name);
      const auto read = [&] {
        if (tensor.type == StoredType::kString) {
          file->read_strings(tensor);
        } else {
          raw(*file, tensor);
        }
      };
      if (failure.is_null()) {
        EXPECT_NO_THROW(read());
      } else {
        EXPECT_KIN_ERROR(read(), ErrorCode::kCorruption, "model.ckpt.data-", name);
      }
    }
  }
}

TEST(TfGolden, TheLatestCheckpointIsTensorFlows) {
  const std::string root = golden_path("");
  const Json answers = golden("latest.json");
  for (const Json& want : answers.at("latest")) {
    const std::string folder = want.at("folder");
    SCOPED_TRACE(folder);
    if (want.contains("error")) {
      EXPECT_KIN_ERROR(latest_checkpoint(root + folder), ErrorCode::kCorruption, "checkpoint");
      EXPECT_KIN_ERROR(find_checkpoint(root + folder), ErrorCode::kCorruption, "checkpoint");
      continue;
    }
    const auto latest = latest_checkpoint(root + folder);
    if (want.at("latest_checkpoint").is_null()) {
      EXPECT_EQ(latest, std::nullopt);
      EXPECT_EQ(error_of([&] { find_checkpoint(root + folder); }).code() == ErrorCode::kInternal, false);
    } else {
      EXPECT_EQ(latest, root + want.at("latest_checkpoint").get<std::string>());
      EXPECT_EQ(find_checkpoint(root + folder).prefix, *latest);
    }
  }
}

TEST(TfGolden, WhatTensorFlowSaysIsThereIsFound) {
  const Json answers = golden("latest.json");
  for (const Json& want : answers.at("lookups")) {
    const std::string given = golden_path(want.at("given"));
    SCOPED_TRACE(given);
    if (want.at("checkpoint_exists")) {
      const auto file = open_tensor_file(given);
      EXPECT_FALSE(file->tensors().empty());
    } else {
      EXPECT_KIN_ERROR(open_tensor_file(given), ErrorCode::kIo, given);
    }
  }
}

}  // namespace
}  // namespace kin
