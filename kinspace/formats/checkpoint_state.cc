#include "kinspace/formats/checkpoint_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/formats/find_checkpoint.h"

namespace kin {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

/// Protocol buffer text as far as this message needs it: `name: value`, comments, adjacent strings.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip();
    return rest_.empty();
  }

  std::string_view name() {
    skip();
    std::size_t length = 0;
    while (length < rest_.size() &&
           (rest_[length] == '_' || is_digit(rest_[length]) || std::isalpha(static_cast<unsigned char>(rest_[length]))))
      ++length;
    return take(length);
  }

  bool symbol(char wanted) {
    skip();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> text() {
    std::string value;
    int parts = 0;
    for (; !at_end() && (rest_.front() == '"' || rest_.front() == '\''); ++parts) {
      const char quote = rest_.front();
      rest_.remove_prefix(1);
      while (!rest_.empty() && rest_.front() != quote) {
        if (rest_.front() == '\n' || !character(value)) return std::nullopt;
      }
      if (rest_.empty()) return std::nullopt;
      rest_.remove_prefix(1);
    }
    if (parts == 0) return std::nullopt;
    return value;
  }

  std::optional<double> number() {
    skip();
    double value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (!rest_.empty() && (rest_.front() == 'f' || rest_.front() == 'F')) rest_.remove_prefix(1);
    return value;
  }

 private:
  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  void skip() {
    while (!rest_.empty()) {
      if (rest_.front() == '#') {
        rest_.remove_prefix(std::min(rest_.size(), rest_.find('\n')));
      } else if (std::string_view(" \t\r\n\v\f").find(rest_.front()) != std::string_view::npos) {
        rest_.remove_prefix(1);
      } else {
        return;
      }
    }
  }

  /// One character of a string, escapes as in C.
  bool character(std::string& to) {
    const char c = take(1).front();
    if (c != '\\') {
      to.push_back(c);
      return true;
    }
    if (rest_.empty()) return false;
    static constexpr std::string_view kEscapes = "abfnrtv\\'\"?";
    static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"?";
    const std::size_t escape = kEscapes.find(rest_.front());
    if (escape != std::string_view::npos) {
      to.push_back(kMeanings[escape]);
      rest_.remove_prefix(1);
      return true;
    }
    const bool hex = rest_.front() == 'x' || rest_.front() == 'X';
    if (hex) rest_.remove_prefix(1);
    std::size_t length = 0;
    const auto digit = [&](char d) { return hex ? std::isxdigit(static_cast<unsigned char>(d)) != 0 : is_octal(d); };
    while (length < (hex ? 2U : 3U) && length < rest_.size() && digit(rest_[length])) ++length;
    if (length == 0) return false;
    unsigned value = 0;
    const std::string_view digits = take(length);
    std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 8);
    if (value > 255) return false;
    to.push_back(static_cast<char>(value));
    return true;
  }

  std::string_view rest_;
};

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  return out + '"';
}

}  // namespace

std::optional<CheckpointState> parse_checkpoint_state(std::string_view text) {
  CheckpointState state;
  bool latest = false;
  TextReader reader(text);
  while (!reader.at_end()) {
    const std::string_view name = reader.name();
    if (name.empty() || !reader.symbol(':')) return std::nullopt;
    if (name == "model_checkpoint_path" || name == "all_model_checkpoint_paths") {
      auto value = reader.text();
      if (!value) return std::nullopt;
      if (name.front() == 'a') {
        state.all.push_back(*std::move(value));
      } else {
        if (latest) return std::nullopt;
        latest = true;
        state.latest = *std::move(value);
      }
    } else if (name == "all_model_checkpoint_timestamps" || name == "last_preserved_timestamp") {
      const auto value = reader.number();
      if (!value) return std::nullopt;
      if (name.front() == 'a') {
        state.times.push_back(*value);
      } else {
        if (state.last_preserved) return std::nullopt;
        state.last_preserved = *value;
      }
    } else {
      return std::nullopt;
    }
    if (!reader.symbol(',')) reader.symbol(';');
  }
  return state;
}

std::string render_checkpoint_state(const CheckpointState& state) {
  std::string text = fmt::format("model_checkpoint_path: {}\n", quoted_text(state.latest));
  for (const std::string& path : state.all) text += fmt::format("all_model_checkpoint_paths: {}\n", quoted_text(path));
  for (const double time : state.times) text += fmt::format("all_model_checkpoint_timestamps: {}\n", time);
  if (state.last_preserved) text += fmt::format("last_preserved_timestamp: {}\n", *state.last_preserved);
  return text;
}

std::optional<std::string> latest_checkpoint(const std::string& directory) {
  const std::string file = (fs::path(directory) / "checkpoint").string();
  if (!file_exists(file)) return std::nullopt;
  const auto state = parse_checkpoint_state(read_file(file, kMostBytes));
  if (!state) return std::nullopt;
  if (state->latest.empty()) {
    throw Error::corruption(fmt::format("{} names no checkpoint", file), "name a checkpoint in place of its directory");
  }
  // An absolute path stays as it is.
  std::string prefix = (fs::path(directory) / state->latest).string();
  if (!is_checkpoint(prefix)) return std::nullopt;
  return prefix;
}

}  // namespace kin
