#include "kinspace/formats/json_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "kinspace/base/text.h"

namespace kin {
namespace {

class Checker : public nlohmann::json_sax<nlohmann::json> {
 public:
  Checker(const std::string& where, ErrorCode code, const JsonLimits& limits)
      : where_(where), code_(code), limits_(limits) {}

  bool null() override { return value(); }
  bool boolean(bool /*value*/) override { return value(); }
  bool number_integer(std::int64_t /*value*/) override { return value(); }
  bool number_unsigned(std::uint64_t /*value*/) override { return value(); }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return value(); }
  bool string(std::string& /*value*/) override { return value(); }
  bool binary(binary_t& /*value*/) override { return value(); }
  bool start_array(std::size_t /*size*/) override { return open(); }
  bool end_array() override { return close(); }

  bool end_object() override {
    keys_[depth_ - 1].clear();
    return close();
  }

  bool start_object(std::size_t /*size*/) override {
    open();
    keys_.resize(std::max(keys_.size(), depth_));
    return true;
  }

  bool key(std::string& name) override {
    if (++key_count_ > limits_.keys) fail(fmt::format("more than {} keys", limits_.keys));
    if (!keys_[depth_ - 1].insert(name).second) fail(fmt::format("the key {} comes twice", kin::quoted(name)));
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    fail(fmt::format("no JSON text at byte {}", position == 0 ? 0 : position - 1));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(code_, fmt::format("{}: {}", where_, what)); }

  bool value() {
    if (depth_ == 0) fail("a JSON object is needed");
    if (++values_ > limits_.values) fail(fmt::format("more than {} values", limits_.values));
    return true;
  }

  bool open() {
    if (depth_ > 0) value();
    if (++depth_ > limits_.depth)
      fail(fmt::format("more than {} arrays and objects within one another", limits_.depth));
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  const std::string& where_;
  ErrorCode code_;
  JsonLimits limits_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::size_t key_count_ = 0;
  std::vector<std::set<std::string>> keys_;  ///< of the open object at each depth
};

}  // namespace

void check_json_object(std::string_view text, const std::string& where, ErrorCode code, const JsonLimits& limits) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '{') {
    throw Error(code, fmt::format("{}: a JSON object is needed", where));
  }
  Checker checker(where, code, limits);
  nlohmann::json::sax_parse(text, &checker);
}

}  // namespace kin
