#include "kinspace/features/testing/golden_tensor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "kinspace/base/error.h"

namespace kin::testing {
namespace {

using Json = nlohmann::json;

std::string bytes_of_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return out;
}

std::vector<std::int64_t> indices(const Json& json, const char* key) {
  return json.contains(key) ? json.at(key).get<std::vector<std::int64_t>>() : std::vector<std::int64_t>();
}

}  // namespace

double tf_number(const Json& json) {
  if (!json.is_string()) return json.is_boolean() ? double(json.get<bool>()) : json.get<double>();
  const double infinity = std::numeric_limits<double>::infinity();
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (json == "inf") return infinity;
  if (json == "-inf") return -infinity;
  return std::stod(json.get<std::string>());
}

std::int64_t tf_integer(const Json& json) {
  if (json.is_number_unsigned()) return static_cast<std::int64_t>(json.get<std::uint64_t>());
  if (json.is_number_integer()) return json.get<std::int64_t>();
  const auto text = json.get<std::string>();
  const char* const end = text.data() + text.size();
  if (!text.starts_with('-')) {
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), end, value).ptr != end) throw std::runtime_error("no integer: " + text);
    return static_cast<std::int64_t>(value);
  }
  std::int64_t value = 0;
  if (std::from_chars(text.data(), end, value).ptr != end) throw std::runtime_error("no integer: " + text);
  return value;
}

std::vector<double> TfTensor::as_numbers() const {
  return is_float() ? numbers : std::vector<double>(integers.begin(), integers.end());
}

TfTensor tf_tensor(const Json& json) {
  TfTensor t;
  t.dtype = json.at("dtype");
  t.shape = json.at("shape").get<std::vector<std::int64_t>>();
  t.sparse = json.contains("rows");
  t.rows = indices(json, "rows");
  t.cols = indices(json, "cols");
  t.depths = indices(json, "depths");
  for (const Json& value : json.at("values")) {
    if (t.is_string()) {
      t.strings.push_back(json.value("encoding", "") == "hex" ? bytes_of_hex(value) : value.get<std::string>());
    } else if (t.is_float()) {
      const double number = tf_number(value);
      t.numbers.push_back(t.dtype == "float32" ? double(static_cast<float>(number)) : number);
    } else {
      t.integers.push_back(tf_integer(value));
    }
  }
  return t;
}

const Json& tf_argument(const Json& json, const char* key) {
  static const Json kAbsent;
  const auto found = json.find(key);
  return found == json.end() ? kAbsent : *found;
}

void tf_refuse(const std::string& what) {
  throw Error::invalid_argument("TensorFlow refuses " + what);
}

const Json& TfCase::at(const char* key) const {
  return json->at(key);
}

bool TfCase::refused() const {
  return expected().contains("error");
}

std::vector<TfCase> tf_cases(std::string_view api) {
  const char* const other = std::getenv("KIN_GOLDEN_COLUMNS");
  const std::string directory = other != nullptr ? other : std::string(KIN_SOURCE_DIR) + "/tests/golden/columns";
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".json") paths.insert(entry.path());
  }
  std::vector<TfCase> cases;
  for (const auto& path : paths) {
    std::ifstream file(path);
    const Json content = Json::parse(file);
    for (const Json& json : content.at("cases")) {
      if (json.at("api") != api) continue;
      cases.push_back({path.filename().string(), json.at("name"), json.at("api"), std::make_shared<const Json>(json)});
    }
  }
  return cases;
}

bool tf_close(double a, double b) noexcept {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= 2e-6 + 2e-6 * std::max(std::abs(a), std::abs(b));
}

}  // namespace kin::testing
