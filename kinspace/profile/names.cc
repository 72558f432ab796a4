#include "kinspace/profile/names.h"

#include <algorithm>

namespace kin {
namespace {

enum class Class : char { kOther, kLower, kUpper, kDigit };

Class class_of(char c) {
  if (c >= 'a' && c <= 'z') return Class::kLower;
  if (c >= 'A' && c <= 'Z') return Class::kUpper;
  if (c >= '0' && c <= '9') return Class::kDigit;
  return Class::kOther;
}

}  // namespace

std::vector<std::string> words_of_name(std::string_view name) {
  std::vector<std::string> words;
  Class last = Class::kOther;
  for (const char c : name) {
    const Class now = class_of(c);
    if (now != Class::kOther) {
      const bool goes_on = now == last || (now == Class::kLower && last == Class::kUpper);
      if (!goes_on) words.emplace_back();
      words.back() += now == Class::kUpper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    last = now;
  }
  return words;
}

bool is_named(std::string_view name, std::initializer_list<std::string_view> words) {
  const std::vector<std::string> parts = words_of_name(name);
  if (parts.empty()) return false;
  std::string joined;
  for (const std::string& part : parts) joined += part;
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return joined == word || parts.back() == word; });
}

}  // namespace kin
