#include "kinspace/formats/vocabulary_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/base/twins.h"

namespace kin {
namespace {

using Integers = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

constexpr std::size_t kMaxText = std::size_t{256} << 10;  // escaped, it still fits a line of LineReader
constexpr const char* kCopyAgain = "copy the file again from where it came from, or train the model again";
constexpr std::string_view kVocabulary = "kinspace-vocabulary";
constexpr std::string_view kLabels = "kinspace-labels";

Error corrupt(const LineReader& lines, const std::string& what) {
  return Error::corruption(fmt::format("{}: {}", lines.place(), what), kCopyAgain);
}

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out.push_back(c);
    }
  }
}

/// The text that append_escaped() would write as `escaped`; nothing when there is none.
std::optional<std::string> unescape(std::string_view escaped) {
  std::string out;
  out.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    const char c = escaped[i];
    if (c == '\t' || c == '\r') return std::nullopt;
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    if (++i == escaped.size()) return std::nullopt;
    switch (escaped[i]) {
      case '\\':
        out.push_back('\\');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      default:
        return std::nullopt;
    }
  }
  return out;
}

/// A decimal number in the one form that the writer uses.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
  if (digits.front() == '0' && text != "0") return std::nullopt;
  return value;
}

/// Moves `p` behind a number of at most 18 digits in that form; false where there is none. A character that is no digit
/// ends what `p` points to.
bool take_integer(const char*& p, std::int64_t& value) {
  constexpr std::ptrdiff_t kMost = 18;  // any fit
  const bool negative = *p == '-';
  const char* const begin = p + (negative ? 1 : 0);
  const char* at = begin;
  std::int64_t sum = 0;
  for (; *at >= '0' && *at <= '9' && at - begin < kMost; ++at) sum = sum * 10 + (*at - '0');
  if (at == begin || (*begin == '0' && (negative || at - begin > 1))) return false;
  value = negative ? -sum : sum;
  p = at;
  return true;
}

/// Reads rows of integers off the lines at hand, up to the first that is not as the writer makes them or has longer
/// numbers: that one is left for a closer look.
void take_plain_rows(LineReader& lines, std::size_t rows, Integers& keys, std::vector<std::int64_t>& counts) {
  const std::string_view text = lines.at_hand();
  const std::size_t before = keys.size();
  const char* row = text.data();
  const char* const end = text.data() + text.size();
  while (row != end && keys.size() < rows) {
    const char* p = row;
    std::int64_t key = 0;
    std::int64_t count = 0;
    if (!take_integer(p, key) || *p++ != '\t' || !take_integer(p, count) || *p++ != '\n' || count < 0) break;
    keys.push_back(key);
    counts.push_back(count);
    row = p;
  }
  lines.pass(static_cast<std::size_t>(row - text.data()), static_cast<std::int64_t>(keys.size() - before));
}

std::string text_of(std::int64_t key) {
  return fmt::format("{}", key);
}
const std::string& text_of(const std::string& key) {
  return key;
}

void check_text(const std::string& path, std::string_view what, std::size_t row, std::string_view text) {
  if (is_utf8(text) && text.size() <= kMaxText) return;
  throw Error::invalid_argument(fmt::format("{}: the {} of row {} ({}) is {}", path, what, row, kin::quoted(text),
                                            text.size() > kMaxText ? "longer than 256 KiB" : "not UTF-8"));
}

/// Collects lines and writes them in large pieces.
class LineWriter {
 public:
  LineWriter(const std::string& directory, const std::string& path) : file_(directory, path) {}

  std::string& line() {
    if (pending_.size() > std::size_t{1} << 18) flush();
    return pending_;
  }

  FileRecord commit() {
    flush();
    return file_.commit();
  }

 private:
  void flush() {
    file_.write(pending_);
    pending_.clear();
  }

  RecordedFile file_;
  std::string pending_;
};

struct HeaderLine {
  std::string keys;  ///< "int64" or "string"; empty for labels
  std::size_t rows = 0;
};

/// Reads "# kinspace-vocabulary version=1 keys=int64 rows=3"; `shortest` is the length of the shortest row.
HeaderLine read_header(LineReader& lines, const CheckedFile& file, std::string_view name, std::uint64_t shortest) {
  std::string line;
  const bool keys = name == kVocabulary;
  if (!lines.next(line) || !line.starts_with(fmt::format("# {} version=", name))) {
    throw corrupt(lines, fmt::format("{} is not the header '# {} version=1 …'", kin::quoted(line), name));
  }
  const auto words = split(line, ' ');
  const std::string_view version = words[2].substr(words[2].find('=') + 1);
  if (version != "1" && parse_integer(version.empty() ? "x" : version)) {
    throw Error::not_supported(
        fmt::format("{}: version {} of this format; this Kinspace knows version 1", lines.place(), version),
        "update Kinspace");
  }
  HeaderLine header;
  const std::size_t rows_at = keys ? 4 : 3;
  if (version == "1" && words.size() == rows_at + 1 && words[rows_at].starts_with("rows=")) {
    if (keys && words[3].starts_with("keys=")) header.keys = words[3].substr(5);
    const std::string_view digits = words[rows_at].substr(5);
    const auto rows = digits.empty() ? std::nullopt : parse_integer(digits);
    if (rows && *rows >= 0 && (!keys || header.keys == "int64" || header.keys == "string")) {
      header.rows = static_cast<std::size_t>(*rows);
      // So that the number may be believed when memory is reserved.
      if (header.rows <= file.size() / shortest) return header;
      throw corrupt(lines, fmt::format("{} rows cannot stand in {} bytes", header.rows, file.size()));
    }
  }
  throw corrupt(lines, fmt::format("{} is not a header of version 1", kin::quoted(line)));
}

void expect_row(LineReader& lines, std::string& line, std::size_t row, std::size_t rows) {
  if (!lines.next(line)) {
    throw corrupt(lines, fmt::format("the file ends after {} rows; its header says {}", row, rows));
  }
}

void expect_end(LineReader& lines, std::string& line, std::size_t rows) {
  if (lines.next(line)) throw corrupt(lines, fmt::format("more lines than the {} rows of the header", rows));
}

template <class Key>
std::vector<Key> read_rows(LineReader& lines, const std::string& path, std::size_t rows,
                           std::vector<std::int64_t>& counts) {
  std::vector<Key> keys;
  keys.reserve(rows);
  counts.reserve(rows);
  std::string line;
  for (;;) {
    if constexpr (std::is_same_v<Key, std::int64_t>) take_plain_rows(lines, rows, keys, counts);
    if (keys.size() == rows) break;
    expect_row(lines, line, keys.size(), rows);
    const auto tab = line.find('\t');
    if (tab == std::string::npos)
      throw corrupt(lines, fmt::format("{} has no tab between key and count", kin::quoted(line)));
    const std::string_view key = std::string_view(line).substr(0, tab);
    const std::string_view digits = std::string_view(line).substr(tab + 1);
    const auto count = digits.empty() ? std::nullopt : parse_integer(digits);
    if (!count || *count < 0) throw corrupt(lines, fmt::format("{} is no count", kin::quoted(digits)));
    if constexpr (std::is_same_v<Key, std::int64_t>) {
      const auto number = key.empty() ? std::nullopt : parse_integer(key);
      if (!number) throw corrupt(lines, fmt::format("{} is no 64-bit integer key", kin::quoted(key)));
      keys.push_back(*number);
    } else {
      auto text = unescape(key);
      if (!text || text->size() > kMaxText) throw corrupt(lines, fmt::format("{} is no escaped key", kin::quoted(key)));
      keys.push_back(std::move(*text));
    }
    counts.push_back(*count);
  }
  expect_end(lines, line, rows);
  if (const auto twins = find_twins(std::span<const Key>(keys))) {
    // Row r stands on line r + 2.
    throw Error::corruption(fmt::format("{}:{}: the key {} stands on line {} too; keys must be unique", path,
                                        twins->second + 2, kin::quoted(text_of(keys[twins->first])), twins->first + 2),
                            kCopyAgain);
  }
  return keys;
}

}  // namespace

FileRecord write_vocabulary_text(const std::string& directory, const std::string& path,
                                 const VocabularyText& vocabulary) {
  return std::visit(
      [&]<class Key>(const std::vector<Key>& keys) {
        constexpr bool kIntegers = std::is_same_v<Key, std::int64_t>;
        if (keys.size() != vocabulary.counts.size()) {
          throw Error::invalid_argument(
              fmt::format("{}: {} keys and {} counts", path, keys.size(), vocabulary.counts.size()));
        }
        if (const auto twins = find_twins(std::span<const Key>(keys))) {
          throw Error::invalid_argument(fmt::format("{}: rows {} and {} have the key {}; keys must be unique", path,
                                                    twins->first, twins->second,
                                                    kin::quoted(text_of(keys[twins->first]))));
        }
        LineWriter out(directory, path);
        out.line() +=
            fmt::format("# {} version=1 keys={} rows={}\n", kVocabulary, kIntegers ? "int64" : "string", keys.size());
        for (std::size_t row = 0; row < keys.size(); ++row) {
          std::string& line = out.line();
          if (vocabulary.counts[row] < 0) {
            throw Error::invalid_argument(fmt::format("{}: the count {} of row {}", path, vocabulary.counts[row], row));
          }
          if constexpr (kIntegers) {
            fmt::format_to(std::back_inserter(line), "{}\t{}\n", keys[row], vocabulary.counts[row]);
          } else {
            check_text(path, "key", row, keys[row]);
            append_escaped(keys[row], line);
            fmt::format_to(std::back_inserter(line), "\t{}\n", vocabulary.counts[row]);
          }
        }
        return out.commit();
      },
      vocabulary.keys);
}

VocabularyText read_vocabulary_text(const std::string& path, const FileRecord* record) {
  CheckedFile file(path, record);
  LineReader lines(file);
  const HeaderLine header = read_header(lines, file, kVocabulary, 3);
  VocabularyText vocabulary;
  if (header.keys == "int64") {
    vocabulary.keys = read_rows<std::int64_t>(lines, path, header.rows, vocabulary.counts);
  } else {
    vocabulary.keys = read_rows<std::string>(lines, path, header.rows, vocabulary.counts);
  }
  return vocabulary;
}

FileRecord write_labels_text(const std::string& directory, const std::string& path,
                             const std::vector<std::string>& labels) {
  LineWriter out(directory, path);
  out.line() += fmt::format("# {} version=1 rows={}\n", kLabels, labels.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    check_text(path, "title", row, labels[row]);
    std::string& line = out.line();
    append_escaped(labels[row], line);
    line.push_back('\n');
  }
  return out.commit();
}

std::vector<std::string> read_labels_text(const std::string& path, const FileRecord* record) {
  CheckedFile file(path, record);
  LineReader lines(file);
  const std::size_t rows = read_header(lines, file, kLabels, 1).rows;
  std::vector<std::string> labels;
  labels.reserve(rows);
  std::string line;
  for (std::size_t row = 0; row < rows; ++row) {
    expect_row(lines, line, row, rows);
    auto text = unescape(line);
    if (!text || text->size() > kMaxText)
      throw corrupt(lines, fmt::format("{} is no escaped title", kin::quoted(line)));
    labels.push_back(std::move(*text));
  }
  expect_end(lines, line, rows);
  return labels;
}

}  // namespace kin
