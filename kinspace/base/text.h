#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kin {

/// The candidate nearest to `word` by Damerau-Levenshtein distance, if it is near enough to be a likely slip
/// (at most a third of the longer word, at least 1); the first such candidate on a tie.
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> candidates);

/// ", did you mean 'x'?" for the nearest candidate, else an empty string.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// `text` in single quotes, cut after 60 bytes at a character boundary, control characters escaped: fit for a message.
std::string quoted(std::string_view text);

/// 1234567 as "1 234 567".
std::string with_thousands(std::int64_t value);

/// 1536 as "1.5 KiB".
std::string human_bytes(std::uint64_t bytes);

/// Bytes from "512", "64K", "1.5G", "2GiB" (powers of 1024); nothing if it is no size.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// True if the bytes are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view bytes) noexcept;

/// Number of bytes before the first that belongs to no well-formed character; all of them if there is none.
std::size_t utf8_prefix(std::string_view bytes) noexcept;

/// The parts of `text` between occurrences of `separator`; one empty part when `text` is empty.
std::vector<std::string_view> split(std::string_view text, char separator);
/// The parts would point into a string that is gone.
template <class Text>
requires std::is_same_v<Text, std::string> std::vector<std::string_view> split(Text&& text, char separator)
= delete;

/// `text` without blanks and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;

}  // namespace kin
