#include "kinspace/data/json_values.h"

#include <fmt/core.h>

#include <charconv>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

namespace dom = simdjson::dom;

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

std::string_view json_kind(simdjson::dom::element value) noexcept {
  switch (value.type()) {
    case simdjson::dom::element_type::ARRAY:
      return "a list";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::STRING:
      return "a string";
    case simdjson::dom::element_type::BOOL:
      return "true or false";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

std::string_view json_text(simdjson::dom::element value, std::string& scratch) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return value.get_string().value_unsafe();
    case simdjson::dom::element_type::BOOL:
      return value.get_bool().value_unsafe() ? "true" : "false";
    case simdjson::dom::element_type::INT64:
      scratch = fmt::format("{}", value.get_int64().value_unsafe());
      return scratch;
    case simdjson::dom::element_type::UINT64:
      scratch = fmt::format("{}", value.get_uint64().value_unsafe());
      return scratch;
    case simdjson::dom::element_type::DOUBLE: {
      char buffer[32];
      const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, value.get_double().value_unsafe());
      scratch.assign(buffer, end.ptr);
      return scratch;
    }
    default:
      scratch = simdjson::minify(value);
      return scratch;
  }
}

bool is_missing_json(simdjson::dom::element value) noexcept {
  return value.is_null() || (value.is_string() && value.get_string().value_unsafe().empty());
}

bool is_empty_json(simdjson::dom::element value) noexcept {
  if (!value.is_object()) return is_missing_json(value);
  const simdjson::dom::object object = value.get_object().value_unsafe();
  return object.begin() == object.end();
}

JsonCheck parse_json_row(simdjson::dom::parser& parser, std::string_view row, simdjson::dom::object& object) {
  dom::element document;
  const simdjson::error_code code = parser.parse(row.data(), row.size(), false).get(document);
  if (code != simdjson::SUCCESS) return no_json(code, row);
  if (document.get(object) == simdjson::SUCCESS) return std::nullopt;
  return JsonComplaint{"", fmt::format("{} came; an object is needed", json_kind(document)),
                       "write every row as {\"column\": value, ...}"};
}

}  // namespace kin
