#include "kinspace/data/json_parser.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <charconv>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/json_lines.h"

namespace kin {
namespace {

namespace dom = simdjson::dom;
using dom::element_type;

static_assert(JsonLines::kPadding >= simdjson::SIMDJSON_PADDING);

// NaN and infinities as some writers put them, outside of strings.
std::string_view number_that_is_none(std::string_view row) {
  bool in_string = false;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (in_string && row[i] == '\\') {
      ++i;
    } else if (row[i] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      for (const std::string_view word : {"NaN", "nan", "Infinity", "inf", "Inf"}) {
        if (row.substr(i).starts_with(word)) return word;
      }
    }
  }
  return {};
}

JsonComplaint no_json(simdjson::error_code code, std::string_view row) {
  const std::string_view odd = number_that_is_none(row);
  if (!odd.empty()) {
    return {"", fmt::format("the row has {}, which is no JSON", odd), "write null where a value is missing"};
  }
  switch (code) {
    case simdjson::MEMALLOC:
      throw Error::resource_limit("no memory is left to parse a row of JSON");
    case simdjson::UTF8_ERROR:
      return {"", "the row is not UTF-8", "set data.encoding = \"latin-1\", or convert the file by iconv"};
    case simdjson::NUMBER_ERROR:
      return {"", fmt::format("the row {} has a number that is malformed or beyond 64 bits", quoted(row)),
              "put quotes around it to take it as text"};
    case simdjson::STRING_ERROR:
      return {"", fmt::format("the row {} has an escape that stands for no character", quoted(row)), ""};
    case simdjson::UNCLOSED_STRING:
      return {"", fmt::format("the row {} has a quote that never ends", quoted(row)), "write every object on one line"};
    case simdjson::DEPTH_ERROR:
      return {"", "the row is nested too deeply", ""};
    default:
      break;
  }
  return {"", fmt::format("the row {} is no JSON", quoted(row)), "write every object on one line"};
}

}  // namespace

struct JsonParser::State {
  dom::parser parser;
  std::vector<dom::element> nodes;  // lists and objects of the row that values speak of
  std::string path;

  JsonValue value_of(dom::element element) {
    JsonValue value;
    switch (element.type()) {
      case element_type::NULL_VALUE:
        break;
      case element_type::BOOL:
        value.kind = JsonValue::Kind::kBoolean;
        value.integer = element.get_bool().value_unsafe() ? 1 : 0;
        break;
      case element_type::INT64:
        value.kind = JsonValue::Kind::kInteger;
        value.integer = element.get_int64().value_unsafe();
        break;
      case element_type::UINT64:
        value.kind = JsonValue::Kind::kLargeInteger;
        value.large = element.get_uint64().value_unsafe();
        break;
      case element_type::DOUBLE:
        value.kind = JsonValue::Kind::kNumber;
        value.number = element.get_double().value_unsafe();
        break;
      case element_type::STRING:
        value.kind = JsonValue::Kind::kString;
        value.string = element.get_string().value_unsafe();
        break;
      case element_type::ARRAY:
      case element_type::OBJECT:
        value.kind = element.is_array() ? JsonValue::Kind::kList : JsonValue::Kind::kObject;
        value.node = nodes.size();
        nodes.push_back(element);
        break;
    }
    return value;
  }

  JsonCheck for_each(dom::object object, const OnValue& on_value) {
    const std::size_t above = path.size();
    for (const dom::key_value_pair pair : object) {
      if (above > 0) path += '.';
      path += pair.key;
      JsonCheck bad;
      dom::object inside;
      if (pair.value.get(inside) == simdjson::SUCCESS && inside.begin() != inside.end()) {
        bad = for_each(inside, on_value);
      } else {
        bad = on_value(path, value_of(pair.value));
      }
      path.resize(above);
      if (bad) return bad;
    }
    return std::nullopt;
  }
};

JsonParser::JsonParser() : state_(std::make_unique<State>()) {}
JsonParser::~JsonParser() = default;

JsonCheck JsonParser::parse(std::string_view row, const OnValue& on_value) {
  state_->nodes.clear();
  state_->path.clear();
  dom::element document;
  const simdjson::error_code code = state_->parser.parse(row.data(), row.size(), false).get(document);
  if (code != simdjson::SUCCESS) return no_json(code, row);
  dom::object object;
  if (document.get(object) == simdjson::SUCCESS) return state_->for_each(object, on_value);
  return JsonComplaint{"", fmt::format("{} came; an object is needed", kind_name(state_->value_of(document))),
                       "write every row as {\"column\": value, ...}"};
}

JsonCheck JsonParser::for_each_item(const JsonValue& list, const OnItem& on_item) {
  const dom::array items = state_->nodes[list.node].get_array().value_unsafe();
  for (const dom::element item : items) {
    if (JsonCheck bad = on_item(state_->value_of(item))) return bad;
  }
  return std::nullopt;
}

std::string_view JsonParser::text(const JsonValue& value, std::string& scratch) const {
  switch (value.kind) {
    case JsonValue::Kind::kString:
      return value.string;
    case JsonValue::Kind::kNull:
      return "null";
    case JsonValue::Kind::kBoolean:
      return value.integer != 0 ? "true" : "false";
    case JsonValue::Kind::kInteger:
      scratch = fmt::format("{}", value.integer);
      break;
    case JsonValue::Kind::kLargeInteger:
      scratch = fmt::format("{}", value.large);
      break;
    case JsonValue::Kind::kNumber: {
      char buffer[32];
      scratch.assign(buffer, std::to_chars(buffer, buffer + sizeof buffer, value.number).ptr);
      break;
    }
    case JsonValue::Kind::kList:
    case JsonValue::Kind::kObject:
      scratch = simdjson::minify(state_->nodes[value.node]);
      break;
  }
  return scratch;
}

std::string_view kind_name(const JsonValue& value) noexcept {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      return "null";
    case JsonValue::Kind::kBoolean:
      return "true or false";
    case JsonValue::Kind::kString:
      return "a string";
    case JsonValue::Kind::kList:
      return "a list";
    case JsonValue::Kind::kObject:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace kin
