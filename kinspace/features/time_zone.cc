#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/features/suggest.h"
#include "kinspace/features/time_part.h"
#include "kinspace/features/tz_rules.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDatabase = "/usr/share/zoneinfo";
constexpr std::uint64_t kMaxFile = 1 << 20;

/// "+01:00", "-0330", "+1" ... in seconds.
std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const bool west = text.front() == '-';
  text.remove_prefix(1);
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && i + 3 == text.size() && i > 0) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits += text[i];
  }
  if (digits.empty() || digits.size() > 4 || (digits.size() == 3 && text.size() == 3)) return std::nullopt;
  const bool has_minutes = digits.size() > 2;
  const std::int64_t number = std::stoll(digits);
  const std::int64_t hours = has_minutes ? number / 100 : number;
  const std::int64_t minutes = has_minutes ? number % 100 : 0;
  if (hours > 24 || minutes > 59) return std::nullopt;
  return (hours * 3600 + minutes * 60) * (west ? -1 : 1);
}

/// A name that can only lead to a file below the database.
bool is_harmless(std::string_view name) {
  constexpr std::size_t kMaxName = 100;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  });
  return plain && !name.empty() && name.size() <= kMaxName && name.front() != '/';
}

std::vector<std::string> known_zones() {
  std::vector<std::string> zones;
  std::error_code error;
  for (fs::recursive_directory_iterator it(kDatabase, error), end; it != end && !error; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const std::string name = fs::path(it->path()).lexically_relative(kDatabase).string();
    if (name.starts_with("posix/") || name.starts_with("right/") || name.find('.') != std::string::npos) continue;
    zones.push_back(name);
  }
  std::sort(zones.begin(), zones.end());
  return zones;
}

[[noreturn]] void refuse(const std::string& name) {
  const std::vector<std::string> zones = known_zones();
  if (zones.empty()) {
    throw Error::invalid_argument(
        fmt::format("time zone {}: there is no database of time zones in {}", kin::quoted(name), kDatabase),
        "install the package tzdata, or give the offset, such as +01:00");
  }
  std::string guess = did_you_mean(name, zones);
  for (const std::string& zone : zones) {
    const std::string_view place = std::string_view(zone).substr(zone.rfind('/') + 1);
    if (guess.empty() && compare_ignoring_case(place, name) == 0) guess = fmt::format(", did you mean '{}'?", zone);
  }
  throw Error::invalid_argument(fmt::format("{} is no time zone{}", kin::quoted(name), guess),
                                "give UTC, an offset such as +01:00, or a name such as Europe/London");
}

std::shared_ptr<const TzRules> rules_of(const std::string& name) {
  if (name == "UTC" || name == "Z") return std::make_shared<TzRules>(0);
  if (const auto offset = parse_offset(name)) return std::make_shared<TzRules>(*offset);
  if (!is_harmless(name)) refuse(name);
  const std::string path = fmt::format("{}/{}", kDatabase, name);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) refuse(name);
  return std::make_shared<TzRules>(TzRules::parse(read_file(path, kMaxFile), path));
}

}  // namespace

TimeZone::TimeZone(const std::string& name) : rules_(rules_of(name)) {}

std::optional<std::int64_t> TimeZone::fixed_offset() const noexcept {
  return rules_->fixed();
}

std::int64_t TimeZone::offset_at(std::int64_t utc_seconds) const noexcept {
  return rules_->offset_at(utc_seconds);
}

std::int64_t TimeZone::offset_of_local(std::int64_t local_seconds) const noexcept {
  return rules_->offset_of_local(local_seconds);
}

}  // namespace kin
