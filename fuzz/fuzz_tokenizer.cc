// Any bytes are cut into words that are not empty, are UTF-8 and hold no blank; n-grams join so many of them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kinspace/base/text.h"
#include "kinspace/features/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 1 << 16) return 0;
  constexpr const char* kPunctuation[] = {"drop", "keep", "join", "drop"};
  const std::int64_t ngrams = 1 + (data[0] >> 3) % 3;
  kin::Tokenizer tokenizer({.lower = (data[0] & 1) != 0,
                            .punctuation = kPunctuation[data[0] >> 1 & 3],
                            .ngrams = ngrams,
                            .max_words = data[0] >> 5});
  tokenizer.each({reinterpret_cast<const char*>(data + 1), size - 1}, [&](std::string_view value) {
    if (value.empty() || value.front() == ' ' || value.back() == ' ' || !kin::is_utf8(value)) std::abort();
    if (std::count(value.begin(), value.end(), ' ') >= ngrams) std::abort();
  });
  return 0;
}
