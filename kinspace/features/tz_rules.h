#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

/// When the clocks of a place show which offset from UTC, for all time.
class TzRules {
 public:
  /// One offset, always.
  explicit TzRules(std::int64_t offset) : before_(offset) {}

  /// From an entry of the tz database: a TZif file of version 1 to 4 (RFC 8536), whose `name` is for messages.
  /// Errors   kCorruption naming what is wrong; kNotSupported for files that count leap seconds.
  static TzRules parse(std::string_view file, const std::string& name);

  /// The offset where it is always the same.
  std::optional<std::int64_t> fixed() const noexcept {
    return changes_.empty() ? std::optional(before_) : std::nullopt;
  }

  /// Seconds east of UTC at a point in time.
  std::int64_t offset_at(std::int64_t utc_seconds) const noexcept;

  /// Seconds east of UTC when the clocks show `local_seconds`; see TimeZone.
  std::int64_t offset_of_local(std::int64_t local_seconds) const noexcept;

 private:
  struct Change {
    std::int64_t utc;     // from here on ...
    std::int64_t local;   // ... which is when the clocks reach this
    std::int64_t offset;  // ... this offset holds
  };

  void add(std::int64_t utc, std::int64_t offset);
  void extend(std::string_view rule, const std::string& name);
  std::int64_t folded(std::int64_t seconds) const noexcept;

  std::int64_t before_;               // offset before the first change
  std::vector<Change> changes_;       // rising
  std::int64_t repeats_ = INT64_MAX;  // from here on the last 400 years of changes come again and again
};

}  // namespace kin
