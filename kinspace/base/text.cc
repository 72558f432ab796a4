#include "kinspace/base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace kin {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t limit = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    const std::size_t lengths_apart =
        word.size() > candidate.size() ? word.size() - candidate.size() : candidate.size() - word.size();
    if (lengths_apart > limit) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance <= limit && (!best || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const auto nearest = nearest_word(word, candidates);
  return nearest ? fmt::format(", did you mean '{}'?", *nearest) : std::string();
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kLimit = 60;
  const bool cut = text.size() > kLimit;
  if (cut) {
    std::size_t end = kLimit;
    // A character has at most 3 bytes after its first; more of them are no UTF-8 and may be cut anywhere.
    while (end > kLimit - 3 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  const bool utf8 = is_utf8(text);
  std::string out = "'";
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  // U+0080 to U+009F, the bytes C2 80 to C2 9F, are control characters too: terminals obey some of them.
  const auto starts_c1 = [&](std::size_t i) { return utf8 && byte_at(i) == 0xC2 && byte_at(i + 1) < 0xA0; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = byte_at(i);
    const bool control = byte < 0x20 || byte == 0x7F || starts_c1(i) || (i > 0 && starts_c1(i - 1));
    if (control || (byte >= 0x80 && !utf8)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(text[i]);
    }
  }
  out += cut ? "…'" : "'";
  return out;
}

std::string with_thousands(std::int64_t value) {
  const std::string digits = fmt::format("{}", value);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool group_starts = (digits.size() - i) % 3 == 0 && i > (value < 0 ? 1U : 0U);
    if (group_starts) out.push_back(' ');
    out.push_back(digits[i]);
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || !(number >= 0)) return std::nullopt;
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  unit = trim(unit);
  double factor = 1;
  if (!unit.empty() && unit != "B") {
    const auto power = std::string_view("KMGT").find(static_cast<char>(unit[0] & ~0x20));
    const std::string_view tail = unit.substr(1);
    if (power == std::string_view::npos || !(tail.empty() || tail == "B" || tail == "iB")) return std::nullopt;
    factor = std::pow(1024.0, static_cast<double>(power + 1));
  }
  const double bytes = number * factor;
  if (bytes >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

bool is_utf8(std::string_view bytes) noexcept {
  return utf8_prefix(bytes) == bytes.size();
}

std::size_t utf8_prefix(std::string_view bytes) noexcept {
  const auto* const begin = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* p = begin;
  const auto* const end = p + bytes.size();
  const auto continues = [&](std::ptrdiff_t i) { return (p[i] & 0xC0) == 0x80; };
  while (p < end) {
    if (*p < 0x80) {
      std::uint64_t word = 0;
      while (end - p >= 8 && (std::memcpy(&word, p, 8), (word & 0x8080808080808080ULL) == 0)) p += 8;
      while (p < end && *p < 0x80) ++p;
    } else if (*p < 0xE0) {
      if (*p < 0xC2 || end - p < 2 || !continues(1)) break;
      p += 2;
    } else if (*p < 0xF0) {
      if (end - p < 3 || !continues(1) || !continues(2)) break;
      const bool overlong = *p == 0xE0 && p[1] < 0xA0;
      const bool surrogate = *p == 0xED && p[1] >= 0xA0;
      if (overlong || surrogate) break;
      p += 3;
    } else {
      if (*p > 0xF4 || end - p < 4 || !continues(1) || !continues(2) || !continues(3)) break;
      const bool overlong = *p == 0xF0 && p[1] < 0x90;
      const bool too_large = *p == 0xF4 && p[1] >= 0x90;
      if (overlong || too_large) break;
      p += 4;
    }
  }
  return static_cast<std::size_t>(p - begin);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace kin
