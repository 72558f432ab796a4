#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/thread_pool.h"

namespace kin {

struct TokenizerOptions {
  bool lower = true;                 ///< Unicode case folding
  std::string punctuation = "drop";  ///< drop | keep | join (feature_column.h, TextColumn)
  std::int64_t ngrams = 1;           ///< sequences of 1 to so many words, joined by one blank
  std::int64_t max_words = 0;        ///< of a text; 0: all
};

/// Cuts texts into words.
///
/// Words    are runs of letters, digits, marks and _ (Unicode categories L, N, M, by utf8proc), after NFC; an
/// apostrophe
///          between two letters belongs to the word (don't), where ’ counts as '. A mark starts no word. Format
///          characters such as soft hyphens are left out, but a zero width space separates. CJK ideographs, kana and
///          Hangul without blanks stay as they run. Bytes that are not UTF-8 separate words.
/// Order    word after word; the n-grams that end at a word follow it, shorter ones first.
/// Cost     no allocation in the steady state for ASCII texts.
/// Threads  one Tokenizer for each.
class Tokenizer {
 public:
  /// Errors   kInvalidArgument for an unknown punctuation, or ngrams below 1 or above 8.
  explicit Tokenizer(const TokenizerOptions& options);

  /// Calls `take` for each value of `text`, which is UTF-8; what it gets lives until it returns.
  void each(std::string_view text, FunctionRef<void(std::string_view value)> take);

 private:
  enum class Punctuation : std::uint8_t { kDrop, kKeep, kJoin };
  using Take = FunctionRef<void(std::string_view value)>;

  void fold(std::string_view text);
  std::size_t add_word(std::size_t at);
  void give(Take take);

  bool lower_;
  Punctuation punctuation_ = Punctuation::kDrop;
  std::size_t ngrams_;
  std::int64_t max_words_;
  std::string folded_;               // the text, folded and in NFC
  std::string words_;                // the words so far, joined by blanks: an n-gram is a part of it
  std::vector<std::size_t> starts_;  // in words_, of the last words
};

}  // namespace kin
