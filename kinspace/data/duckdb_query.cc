#include "kinspace/data/duckdb_query.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace kin::duckdb {

std::vector<std::string> file_words(std::string_view sql) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < sql.size();) {
    const std::string_view rest = sql.substr(i);
    if (rest.starts_with("--")) {
      i = std::min(sql.find('\n', i), sql.size());
    } else if (rest.starts_with("/*")) {
      const std::size_t end = sql.find("*/", i + 2);
      i = end == std::string_view::npos ? sql.size() : end + 2;
    } else if (rest[0] == '\'' || rest[0] == '"') {
      const char quote = rest[0];
      std::string word;
      for (++i; i < sql.size(); ++i) {
        if (sql[i] != quote) {
          word += sql[i];
        } else if (i + 1 < sql.size() && sql[i + 1] == quote) {
          word += sql[i++];
        } else {
          break;
        }
      }
      i = std::min(i + 1, sql.size());
      const bool could = word.find_first_of("./") != std::string::npos;
      if (could && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    } else {
      ++i;
    }
  }
  return words;
}

std::string escape_pattern(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      escaped += '[';
      escaped += c;
      escaped += ']';
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace kin::duckdb
