#include "apps/cli/items.h"

#include <algorithm>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

constexpr std::uint64_t kMaxInput = std::uint64_t{64} << 20;
constexpr std::size_t kMaxCommas = 8;  // that a title may hold

std::optional<std::int64_t> resolve_quietly(const Vocabulary& vocabulary, std::string_view text) {
  if (const auto row = vocabulary.find(text)) return row;
  if (vocabulary.labels().empty()) return std::nullopt;
  try {
    return vocabulary.resolve(text);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return std::nullopt;
  }
}

}  // namespace

std::vector<std::string> stdin_lines() {
  InputFile input("-");
  std::string text;
  for (;;) {
    constexpr std::size_t kBlock = 1 << 16;
    const std::size_t before = text.size();
    if (before > kMaxInput) throw Error::resource_limit("standard input is longer than " + human_bytes(kMaxInput));
    text.resize(before + kBlock);
    text.resize(before + input.read(text.data() + before, kBlock));
    if (text.size() == before) break;
  }
  std::vector<std::string> lines;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  return lines;
}

std::vector<std::int64_t> rows_of_text(const Vocabulary& vocabulary, std::string_view text) {
  const std::vector<std::string_view> pieces = split(text, ',');
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < pieces.size();) {
    // The longest run of pieces that names an item: "Matrix, The (1999)" is one, "1,260" are two.
    std::size_t taken = 0;
    for (std::size_t n = std::min(pieces.size() - i, kMaxCommas + 1); n > 0 && taken == 0; --n) {
      const char* begin = pieces[i].data();
      const char* end = pieces[i + n - 1].data() + pieces[i + n - 1].size();
      const std::string_view candidate = trim({begin, static_cast<std::size_t>(end - begin)});
      if (const auto row = resolve_quietly(vocabulary, candidate)) {
        rows.push_back(*row);
        taken = n;
      }
    }
    if (taken == 0) rows.push_back(vocabulary.resolve(rows.empty() && i == 0 ? trim(text) : trim(pieces[i])));
    i += std::max<std::size_t>(taken, 1);
  }
  return rows;
}

std::vector<std::int64_t> rows_of_texts(const Vocabulary& vocabulary, const std::vector<std::string>& texts,
                                        const std::string& directory) try {
  std::vector<std::int64_t> rows;
  for (const std::string& text : texts) {
    if (text == "-") {
      for (const std::string& line : stdin_lines()) rows.push_back(vocabulary.resolve(line));
    } else {
      const auto more = rows_of_text(vocabulary, text);
      rows.insert(rows.end(), more.begin(), more.end());
    }
  }
  return rows;
} catch (const Error& error) {
  if (error.code() != ErrorCode::kNotFound) throw;
  throw Error::not_found(error.message(), "kin lookup " + directory + " --list shows every key and title");
}

Cell key_cell(const Vocabulary& vocabulary, std::int64_t row) {
  if (vocabulary.keys().integers()) return vocabulary.keys().integer(row);
  return vocabulary.key(row);
}

void add_item_columns(const Vocabulary& vocabulary, std::vector<Column>& columns) {
  columns.push_back({"item"});
  if (!vocabulary.labels().empty()) columns.push_back({"title"});
}

void add_item_cells(const Vocabulary& vocabulary, std::int64_t row, std::vector<Cell>& cells) {
  cells.push_back(key_cell(vocabulary, row));
  if (!vocabulary.labels().empty()) cells.emplace_back(vocabulary.labels()[static_cast<std::size_t>(row)]);
}

}  // namespace kin::cli
