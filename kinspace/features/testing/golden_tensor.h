#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What TensorFlow 2.15.1 answers for feature columns: tests/golden/columns (form and maker: tests/golden/README.md).

namespace kin::testing {

/// A tensor of a golden file, dense or sparse, with the values of its dtype in one of the three lists.
struct TfTensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  bool sparse = false;
  std::vector<std::int64_t> rows, cols, depths;  ///< cells of a sparse one; depths of rank 3
  std::vector<std::int64_t> integers;            ///< int*, bool; uint* modulo 2^64
  std::vector<double> numbers;                   ///< float*, rounded to the dtype
  std::vector<std::string> strings;

  bool is_string() const noexcept { return dtype == "string"; }
  bool is_float() const noexcept { return dtype.starts_with("float"); }
  bool is_integer() const noexcept { return !is_string() && !is_float() && dtype != "bool"; }
  std::size_t rank() const noexcept { return shape.size(); }
  std::size_t size() const noexcept { return integers.size() + numbers.size() + strings.size(); }

  /// Numbers of any dtype.
  std::vector<double> as_numbers() const;
};

TfTensor tf_tensor(const nlohmann::json& json);

/// A number of a golden file: "nan", "inf", "-inf" and digits may stand in a string.
double tf_number(const nlohmann::json& json);
std::int64_t tf_integer(const nlohmann::json& json);

/// An argument of a TensorFlow call; null where it is absent.
const nlohmann::json& tf_argument(const nlohmann::json& json, const char* key);

/// Throws kInvalidArgument: "TensorFlow refuses WHAT".
[[noreturn]] void tf_refuse(const std::string& what);

/// A case of a golden file.
struct TfCase {
  std::string file;  ///< "crossed.json"
  std::string name;
  std::string api;
  std::shared_ptr<const nlohmann::json> json;

  const nlohmann::json& at(const char* key) const;
  const nlohmann::json& expected() const { return at("expected"); }
  bool refused() const;  ///< TensorFlow answers with an error

  std::string title() const { return file + ": " + name; }  ///< for messages
};

/// All cases of an api of all *.json of the directory: tests/golden/columns, or that of the environment's
/// KIN_GOLDEN_COLUMNS.
std::vector<TfCase> tf_cases(std::string_view api);

/// Whether two numbers agree to 2e-6 absolute and relative; NaN agrees with NaN.
bool tf_close(double a, double b) noexcept;

}  // namespace kin::testing
