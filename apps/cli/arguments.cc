#include "apps/cli/arguments.h"

#include <charconv>

#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

const Flag* find_flag(const Command* command, std::string_view name) {
  if (command != nullptr) {
    for (const Flag& flag : command->flags) {
      if (flag.name == name) return &flag;
    }
  }
  for (const Flag& flag : global_flags()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

bool Arguments::on(std::string_view flag, bool preset) const {
  const auto found = flags.find(flag);
  return found == flags.end() ? preset : found->second.back().text != "0";
}

std::string Arguments::text(std::string_view flag) const {
  const auto found = flags.find(flag);
  if (found != flags.end()) return found->second.back().text;
  const Flag* known = find_flag(command, flag);
  return known == nullptr ? "" : std::string(known->preset);
}

std::vector<std::string> Arguments::texts(std::string_view flag) const {
  std::vector<std::string> out;
  if (const auto found = flags.find(flag); found != flags.end()) {
    for (const Value& value : found->second) out.push_back(value.text);
  }
  return out;
}

std::optional<std::int64_t> Arguments::integer(std::string_view flag) const {
  const std::string value = text(flag);
  if (value.empty()) return std::nullopt;
  const Flag* known = find_flag(command, flag);
  if (known != nullptr && known->kind == FlagKind::kSize) {
    const auto bytes = parse_bytes(value);
    return bytes ? std::optional(static_cast<std::int64_t>(*bytes)) : std::nullopt;
  }
  std::int64_t number = 0;
  const auto [stop, status] = std::from_chars(value.data(), value.data() + value.size(), number);
  return status == std::errc() && stop == value.data() + value.size() ? std::optional(number) : std::nullopt;
}

}  // namespace kin::cli
