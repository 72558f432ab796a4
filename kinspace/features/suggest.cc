#include "kinspace/features/suggest.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::size_t kMaxText = 200;  // longer ones are no titles that somebody typed
constexpr std::size_t kMaxHolders = 3;
constexpr std::size_t kNearest = 50;  // texts that are compared letter by letter

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::uint32_t triple(std::string_view text, std::size_t i) noexcept {
  const auto byte = [&](std::size_t j) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[j])); };
  return byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16;
}

// The different triples of neighbouring bytes, rising.
std::vector<std::uint32_t> triples(std::string_view text) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i + 3 <= text.size(); ++i) out.push_back(triple(text, i));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string question(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  std::string list;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    list += fmt::format("{}{}", i == 0 ? "" : i + 1 == texts.size() ? " or " : ", ", quoted(texts[i]));
  }
  return fmt::format(", did you mean {}?", list);
}

}  // namespace

int compare_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const std::size_t shared = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < shared; ++i) {
    const auto x = static_cast<unsigned char>(lower(a[i]));
    const auto y = static_cast<unsigned char>(lower(b[i]));
    if (x != y) return x < y ? -1 : 1;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

std::string suggest_text(std::string_view text, std::int64_t n, FunctionRef<std::string_view(std::int64_t)> candidate) {
  if (text.size() < 2 || text.size() > kMaxText) return {};
  const std::string wanted = lowered(text);
  const std::vector<std::uint32_t> wanted_triples = triples(wanted);
  std::vector<std::string> holders;
  std::vector<std::pair<std::size_t, std::int64_t>> near;  // shared triples, text
  for (std::int64_t i = 0; i < n && holders.size() < kMaxHolders; ++i) {
    const std::string_view original = candidate(i);
    if (original.empty() || original.size() > kMaxText) continue;
    const std::string other = lowered(original);
    if (wanted.size() >= 3 && other.find(wanted) != std::string::npos) {
      holders.emplace_back(original);
      continue;
    }
    std::size_t shared = 0;
    for (std::size_t j = 0; j + 3 <= other.size(); ++j) {
      shared += std::binary_search(wanted_triples.begin(), wanted_triples.end(), triple(other, j)) ? 1 : 0;
    }
    if (shared > 0 || other.size() <= 5) near.emplace_back(shared, i);
  }
  if (!holders.empty()) return question(holders);
  const std::size_t kept = std::min(kNearest, near.size());
  std::partial_sort(
      near.begin(), near.begin() + static_cast<std::ptrdiff_t>(kept), near.end(),
      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<std::string> words;
  for (std::size_t i = 0; i < kept; ++i) words.push_back(lowered(candidate(near[i].second)));
  const std::optional<std::string> best = nearest_word(wanted, words);
  if (!best) return {};
  const auto at = static_cast<std::size_t>(std::find(words.begin(), words.end(), *best) - words.begin());
  return question({std::string(candidate(near[at].second))});
}

std::string nearest_integers(std::int64_t value, const KeyList& keys) {
  std::optional<std::int64_t> below;
  std::optional<std::int64_t> above;
  for (std::int64_t i = 0; i < keys.size(); ++i) {
    const std::int64_t key = keys.integer(i);
    if (key < value && (!below || key > *below)) below = key;
    if (key > value && (!above || key < *above)) above = key;
  }
  if (below && above) return fmt::format("; the nearest keys are {} and {}", *below, *above);
  if (below) return fmt::format("; the largest key is {}", *below);
  return above ? fmt::format("; the smallest key is {}", *above) : std::string();
}

}  // namespace kin
