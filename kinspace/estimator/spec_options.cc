#include "kinspace/estimator/spec_options.h"

#include <fmt/core.h>

#include <type_traits>
#include <utility>

#include "kinspace/estimator/describe_spec.h"

namespace kin {
namespace {

template <class T>
concept Scalar =
    std::is_arithmetic_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::int64_t>> ||
    std::is_same_v<T, std::vector<std::string>> || std::is_same_v<T, std::map<std::string, std::string>> ||
    std::is_same_v<T, std::vector<double>>;

/// Visits every setting below `prefix`.
class Lister {
 public:
  template <Scalar T>
  void option(const char* name, T& member, const char* help, Allowed allowed = {}) {
    options_.push_back({path(name), help, std::move(allowed), &member});
  }

  template <class T>
  requires(!Scalar<T>) void option(const char* name, T& member, const char* help) {
    tables_[path(name)].help = help;
    inside(name, [&] { describe(member, *this); });
  }

  void option(const char* name, FeatureColumns& columns, const char* help) {
    tables_[path(name)].help = help;
    inside(name, [&] {
      for (auto& [column, options] : columns) {
        tables_[path(column)] = {"one column; its kind alone stands for a table with that kind", "kind"};
        inside(column, [&, &member = options] { std::visit([&](auto& kind) { describe(kind, *this); }, member); });
      }
    });
  }

  /// Tables of one kind by a name that the user chooses.
  template <class T>
  requires(!Scalar<T>) void option(const char* name, std::map<std::string, T>& members, const char* help) {
    tables_[path(name)].help = help;
    inside(name, [&] {
      for (auto& [key, member] : members) {
        tables_[path(key)] = {};
        inside(key, [&, &inner = member] { describe(inner, *this); });
      }
    });
  }

  void shorthand(const char* name) { tables_[prefix_].shorthand = name; }

  std::vector<Option> take_options() { return std::move(options_); }
  std::map<std::string, OptionTable> take_tables() { return std::move(tables_); }

 private:
  std::string path(const std::string& name) const { return prefix_.empty() ? name : prefix_ + "." + name; }

  template <class Body>
  void inside(const std::string& name, Body body) {
    std::string outer = std::exchange(prefix_, path(name));
    body();
    prefix_ = std::move(outer);
  }

  std::string prefix_;
  std::vector<Option> options_;
  std::map<std::string, OptionTable> tables_;
};

std::string quote(std::string_view text, bool toml) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || (toml && c == 0x7F)) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  return out + "\"";
}

template <class T>
std::string shortest(T value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

/// Writes a value; `toml` decides where the two languages differ.
struct ValueWriter {
  bool toml;

  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::int64_t* value) const { return fmt::format("{}", *value); }
  std::string operator()(const std::uint64_t* value) const { return fmt::format("{}", *value); }
  std::string operator()(const float* value) const { return shortest(*value); }
  std::string operator()(const double* value) const { return shortest(*value); }
  std::string operator()(const std::string* value) const { return quote(*value, toml); }
  std::string operator()(const std::vector<std::int64_t>* list) const {
    std::string out = "[";
    for (const std::int64_t item : *list) append(out, fmt::format("{}", item));
    return out + "]";
  }
  std::string operator()(const std::vector<double>* list) const {
    std::string out = "[";
    for (const double item : *list) append(out, shortest(item));
    return out + "]";
  }
  std::string operator()(const std::vector<std::string>* list) const {
    std::string out = "[";
    for (const std::string& item : *list) append(out, quote(item, toml));
    return out + "]";
  }
  std::string operator()(const std::map<std::string, std::string>* table) const {
    std::string out = "{";
    for (const auto& [key, item] : *table) append(out, quote(key, toml) + (toml ? " = " : ":") + quote(item, toml));
    return out + "}";
  }

 private:
  void append(std::string& out, const std::string& item) const {
    if (out.size() > 1) out += toml ? ", " : ",";
    out += item;
  }
};

std::string bound_text(double bound) {
  return bound > -1e15 && bound < 1e16 && bound == static_cast<double>(static_cast<std::int64_t>(bound))
             ? fmt::format("{}", static_cast<std::int64_t>(bound))
             : fmt::format("{}", bound);
}

}  // namespace

std::vector<Option> list_options(Spec& spec) {
  Lister lister;
  describe(spec, lister);
  return lister.take_options();
}

std::map<std::string, OptionTable> list_tables(Spec& spec) {
  Lister lister;
  describe(spec, lister);
  return lister.take_tables();
}

std::string allowed_text(const Allowed& allowed) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (!allowed.words.empty()) {
    std::string out;
    for (const std::string& word : allowed.words) out += (out.empty() ? "" : ", ") + word;
    return out;
  }
  const bool has_low = allowed.low > -kInfinity;
  const bool has_high = allowed.high < kInfinity;
  if (has_low && has_high && allowed.low_itself && allowed.high_itself) {
    return allowed.low == allowed.high
               ? bound_text(allowed.low)
               : fmt::format("from {} to {}", bound_text(allowed.low), bound_text(allowed.high));
  }
  std::string out;
  if (has_low) out = fmt::format("{} {}", allowed.low_itself ? "at least" : "above", bound_text(allowed.low));
  if (has_low && has_high) out += " and ";
  if (has_high) out += fmt::format("{} {}", allowed.high_itself ? "at most" : "below", bound_text(allowed.high));
  return out;
}

std::string_view type_text(const Option& option) {
  constexpr std::string_view kNames[] = {"true or false",    "integer",         "integer",
                                         "number",           "number",          "string",
                                         "list of integers", "list of strings", "table of strings", "list of numbers"};
  return kNames[option.value.index()];
}

std::string json_text(const Option& option) {
  return std::visit(ValueWriter{false}, option.value);
}
std::string toml_text(const Option& option) {
  return std::visit(ValueWriter{true}, option.value);
}
std::string json_string(std::string_view text) {
  return quote(text, false);
}
std::string number_text(double value) {
  return shortest(value);
}
std::string number_text(float value) {
  return shortest(value);
}

}  // namespace kin
