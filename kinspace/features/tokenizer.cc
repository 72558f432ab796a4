#include "kinspace/features/tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::int64_t kMaxNgrams = 8;

enum class Class : std::uint8_t { kBlank, kLetter, kDigit, kMark, kPunctuation, kFormat, kApostrophe };

constexpr std::array<Class, 128> kAscii = [] {
  std::array<Class, 128> classes{};
  for (std::size_t c = 0x21; c < 0x7F; ++c) classes[c] = Class::kPunctuation;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = Class::kDigit;
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = Class::kLetter;
  classes['_'] = Class::kDigit;  // as much part of a word as a digit is, but no letter for an apostrophe
  classes['\''] = Class::kApostrophe;
  return classes;
}();

Class class_of(utf8proc_int32_t c) noexcept {
  constexpr utf8proc_int32_t kZeroWidthSpace = 0x200B;
  constexpr utf8proc_int32_t kRightQuote = 0x2019;
  if (c < 128) return kAscii[static_cast<std::size_t>(c)];
  if (c == kRightQuote) return Class::kApostrophe;
  const utf8proc_category_t category = utf8proc_category(c);
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return Class::kLetter;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return Class::kMark;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return Class::kDigit;
  if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_SO) return Class::kPunctuation;
  if (category == UTF8PROC_CATEGORY_CF && c != kZeroWidthSpace) return Class::kFormat;
  return Class::kBlank;
}

struct Char {
  Class kind = Class::kBlank;
  std::size_t size = 0;  // in bytes; 0 behind the end
};

/// `text` is well-formed here.
Char char_at(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return {};
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 128) return {kAscii[first], 1};
  utf8proc_int32_t c = 0;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                     static_cast<utf8proc_ssize_t>(text.size() - at), &c);
  return {class_of(c), static_cast<std::size_t>(size)};
}

/// `text` with U+FFFD, which separates words, in place of bytes that are no UTF-8.
std::string repaired(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t c = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &c);
    if (size > 0) {
      out += text.substr(at, static_cast<std::size_t>(size));
    } else {
      out += "\xEF\xBF\xBD";
    }
    at += size > 0 ? static_cast<std::size_t>(size) : 1;
  }
  return out;
}

}  // namespace

Tokenizer::Tokenizer(const TokenizerOptions& options)
    : lower_(options.lower), ngrams_(static_cast<std::size_t>(options.ngrams)), max_words_(options.max_words) {
  if (options.punctuation == "keep") {
    punctuation_ = Punctuation::kKeep;
  } else if (options.punctuation == "join") {
    punctuation_ = Punctuation::kJoin;
  } else if (options.punctuation != "drop") {
    throw Error::invalid_argument("punctuation is " + quoted(options.punctuation) + "; it must be drop, keep or join");
  }
  if (options.ngrams < 1 || options.ngrams > kMaxNgrams) {
    throw Error::invalid_argument("ngrams is " + std::to_string(options.ngrams) + "; it must be from 1 to 8");
  }
}

void Tokenizer::fold(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; })) {
    folded_.assign(text);
    if (!lower_) return;
    for (char& c : folded_) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return;
  }
  std::string scratch;
  if (!is_utf8(text)) {
    scratch = repaired(text);
    text = scratch;
  }
  const int options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | (lower_ ? UTF8PROC_CASEFOLD : 0);
  utf8proc_uint8_t* mapped = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) throw Error::resource_limit(std::string("a text of ") + human_bytes(text.size()) + " cannot be folded");
  folded_.assign(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

/// Appends the word that starts at `at` of folded_ to words_, or nothing if none does; returns where it ends.
std::size_t Tokenizer::add_word(std::size_t at) {
  const std::size_t begin = words_.size();
  Class last = Class::kBlank;  // of the word so far
  while (at < folded_.size()) {
    const Char c = char_at(folded_, at);
    const bool starts = words_.size() == begin;
    switch (c.kind) {
      case Class::kBlank:
        return starts ? at + c.size : at;
      case Class::kFormat:
        at += c.size;
        continue;
      case Class::kMark:
        if (starts) {
          at += c.size;
          continue;
        }
        break;
      case Class::kLetter:
      case Class::kDigit:
        last = c.kind;
        break;
      case Class::kApostrophe:
        if (punctuation_ != Punctuation::kJoin && last == Class::kLetter &&
            char_at(folded_, at + c.size).kind == Class::kLetter) {
          words_ += '\'';
          at += c.size;
          continue;
        }
        [[fallthrough]];
      case Class::kPunctuation:
        if (punctuation_ == Punctuation::kJoin) break;
        if (!starts) return at;
        if (punctuation_ == Punctuation::kKeep) words_.append(folded_, at, c.size);
        return at + c.size;
    }
    words_.append(folded_, at, c.size);
    at += c.size;
  }
  return at;
}

/// The word that starts at starts_.back(), and the n-grams that end with it.
void Tokenizer::give(Take take) {
  const std::string_view all = words_;
  for (std::size_t n = 1; n <= std::min(ngrams_, starts_.size()); ++n) take(all.substr(starts_[starts_.size() - n]));
}

void Tokenizer::each(std::string_view text, Take take) {
  fold(text);
  words_.clear();
  starts_.clear();
  std::int64_t taken = 0;
  for (std::size_t at = 0; at < folded_.size() && (max_words_ == 0 || taken < max_words_);) {
    if (!words_.empty()) words_ += ' ';
    const std::size_t begin = words_.size();
    at = add_word(at);
    if (words_.size() == begin) {
      if (begin > 0) words_.pop_back();
      continue;
    }
    if (starts_.size() == ngrams_) starts_.erase(starts_.begin());
    starts_.push_back(begin);
    give(take);
    ++taken;
  }
}

}  // namespace kin
