#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kinspace/base/options.h"
#include "kinspace/estimator/spec.h"

namespace kin {

/// One setting of a spec: where it is found and what is known about it.
struct Option {
  std::string path;  ///< such as "train.optimizer.lr" or "columns.watched.min_count"
  std::string_view help;
  Allowed allowed;
  std::variant<bool*, std::int64_t*, std::uint64_t*, float*, double*, std::string*, std::vector<std::int64_t>*,
               std::vector<std::string>*, std::map<std::string, std::string>*, std::vector<double>*>
      value;  ///< points into the spec
};

/// Every setting of `spec`, in the order of its documentation; valid while no column is added or removed.
std::vector<Option> list_options(Spec& spec);

/// A table of settings.
struct OptionTable {
  std::string_view help;
  std::string shorthand;  ///< its key that a value in place of the table stands for; empty: there is none
};

/// Every table of `spec`, such as "train" and "train.optimizer", by path.
std::map<std::string, OptionTable> list_tables(Spec& spec);

/// "from 1 to 1000", "above 0", "relu, tanh"; empty when everything is allowed.
std::string allowed_text(const Allowed& allowed);

/// Name of the type for people: "integer", "list of strings".
std::string_view type_text(const Option& option);

/// The value as JSON in shortest form, as Python's json.dumps would print it with separators "," and ":".
std::string json_text(const Option& option);

/// The value as TOML.
std::string toml_text(const Option& option);

/// `text` in double quotes with JSON escapes.
std::string json_string(std::string_view text);

/// The shortest digits that read back as `value`: "0.003", "1.0", "1e-05".
std::string number_text(double value);
std::string number_text(float value);

}  // namespace kin
