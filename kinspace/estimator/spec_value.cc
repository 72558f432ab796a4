#include "kinspace/estimator/spec_value.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr int kMaxDepth = 16;

// The parser's tables are destroyed by recursion, one level for each bracket (of which it counts 256) and each dot of
// a dotted key (which it does not count).
constexpr std::ptrdiff_t kMaxDots = 4096;

std::string place_of(const std::string& name, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", name, region.begin.line, region.begin.column);
}

void check_depth(int depth, const std::string& place) {
  if (depth > kMaxDepth) throw Error::invalid_argument(fmt::format("{}: values are nested too deeply", place));
}

SpecValue from_toml(const toml::node& node, const std::string& name, int depth) {
  SpecValue out;
  out.place = place_of(name, node.source());
  check_depth(depth, out.place);
  switch (node.type()) {
    case toml::node_type::boolean:
      out.kind = SpecValue::Kind::kBool;
      out.truth = node.as_boolean()->get();
      break;
    case toml::node_type::integer:
      out.kind = SpecValue::Kind::kInteger;
      out.integer = node.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      out.kind = SpecValue::Kind::kNumber;
      out.number = node.as_floating_point()->get();
      break;
    case toml::node_type::string:
      out.kind = SpecValue::Kind::kString;
      out.text = node.as_string()->get();
      break;
    case toml::node_type::array:
      out.kind = SpecValue::Kind::kList;
      for (const toml::node& item : *node.as_array()) out.items.push_back(from_toml(item, name, depth + 1));
      break;
    case toml::node_type::table:
      for (const auto& [key, item] : *node.as_table()) {
        out.add(std::string(key.str()), place_of(name, key.source()), from_toml(item, name, depth + 1));
      }
      break;
    default:
      out.kind = SpecValue::Kind::kOther;
  }
  return out;
}

SpecValue from_json(const nlohmann::json& json, const std::string& name, int depth) {
  SpecValue out;
  out.place = name;
  check_depth(depth, name);
  switch (json.type()) {
    case nlohmann::json::value_t::boolean:
      out.kind = SpecValue::Kind::kBool;
      out.truth = json.get<bool>();
      break;
    case nlohmann::json::value_t::number_integer:
      out.kind = SpecValue::Kind::kInteger;
      out.integer = json.get<std::int64_t>();
      break;
    case nlohmann::json::value_t::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
        throw Error::invalid_argument(fmt::format("{}: the integer {} is too large", name, json.get<std::uint64_t>()));
      }
      out.kind = SpecValue::Kind::kInteger;
      out.integer = json.get<std::int64_t>();
      break;
    case nlohmann::json::value_t::number_float:
      out.kind = SpecValue::Kind::kNumber;
      out.number = json.get<double>();
      break;
    case nlohmann::json::value_t::string:
      out.kind = SpecValue::Kind::kString;
      out.text = json.get<std::string>();
      break;
    case nlohmann::json::value_t::array:
      out.kind = SpecValue::Kind::kList;
      for (const auto& item : json) out.items.push_back(from_json(item, name, depth + 1));
      break;
    case nlohmann::json::value_t::object:
      for (const auto& [key, item] : json.items()) out.add(key, name, from_json(item, name, depth + 1));
      break;
    default:
      out.kind = SpecValue::Kind::kOther;
  }
  return out;
}

}  // namespace

const SpecValue* SpecValue::find(std::string_view key) const noexcept {
  const auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &items[static_cast<std::size_t>(found - keys.begin())];
}

SpecValue* SpecValue::find(std::string_view key) noexcept {
  return const_cast<SpecValue*>(std::as_const(*this).find(key));
}

void SpecValue::add(std::string key, std::string key_place, SpecValue value) {
  keys.push_back(std::move(key));
  key_places.push_back(std::move(key_place));
  items.push_back(std::move(value));
}

bool SpecValue::remove(std::string_view key) {
  const auto at = std::find(keys.begin(), keys.end(), key) - keys.begin();
  if (at == static_cast<std::ptrdiff_t>(keys.size())) return false;
  keys.erase(keys.begin() + at);
  key_places.erase(key_places.begin() + at);
  items.erase(items.begin() + at);
  return true;
}

std::string SpecValue::shown() const {
  switch (kind) {
    case Kind::kBool:
      return truth ? "true" : "false";
    case Kind::kInteger:
      return fmt::format("{}", integer);
    case Kind::kNumber:
      return fmt::format("{}", number);
    case Kind::kString:
      return "the string " + kin::quoted(text);
    case Kind::kList:
      return "a list";
    case Kind::kTable:
      return "a table";
    case Kind::kOther:
      break;
  }
  return "a value of another type";
}

SpecValue parse_toml(std::string_view text, const std::string& name) {
  if (std::count(text.begin(), text.end(), '.') > kMaxDots) {
    throw Error::invalid_argument(fmt::format("{}: more than {} dots; a spec is a short text", name, kMaxDots));
  }
  try {
    return from_toml(toml::parse(text), name, 0);
  } catch (const toml::parse_error& error) {
    throw Error::invalid_argument(fmt::format("{}: {}", place_of(name, error.source()), error.description()),
                                  "write TOML 1.0: key = value, strings in quotes, lists in [ ], tables in { }");
  }
}

SpecValue parse_json(std::string_view text, const std::string& name) {
  try {
    return from_json(nlohmann::json::parse(text.begin(), text.end()), name, 0);
  } catch (const nlohmann::json::exception& error) {
    throw Error::invalid_argument(fmt::format("{}: {}", name, error.what()));
  }
}

}  // namespace kin
