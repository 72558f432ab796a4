#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "kinspace/formats/checked_file.h"

namespace kin {

/// The keys of an embedding table's rows, in the order of the rows, and how often each occurred in training.
struct VocabularyText {
  std::variant<std::vector<std::int64_t>, std::vector<std::string>> keys;
  std::vector<std::int64_t> counts;  ///< parallel to the keys, not negative

  std::int64_t rows() const noexcept { return static_cast<std::int64_t>(counts.size()); }
};

/// Writes `directory`/`path`: a header line, then "key TAB count" for each row (docs/formats/model.md). In keys a
/// backslash, tab, line feed and carriage return are written \\ \t \n \r.
///
/// Errors   kIo; kInvalidArgument when a key comes twice, is not UTF-8 or is longer than 256 KiB, a count is negative
/// or
///          there are not as many counts as keys.
FileRecord write_vocabulary_text(const std::string& directory, const std::string& path,
                                 const VocabularyText& vocabulary);

/// Reads such a file; `record`, if any, as of its manifest.
///
/// Errors   kIo; kCorruption naming file and line, for whatever the writer above would not have written; kNotSupported
///          for another version.
/// Memory   the vocabulary, 8 bytes a row, and 2 MiB.
VocabularyText read_vocabulary_text(const std::string& path, const FileRecord* record = nullptr);

/// Writes one title a line, escaped likewise, after a header line; an empty line is a row without a title.
/// Errors: kIo; kInvalidArgument for a title that is not UTF-8 or longer than 256 KiB.
FileRecord write_labels_text(const std::string& directory, const std::string& path,
                             const std::vector<std::string>& labels);

/// Errors: as read_vocabulary_text.
std::vector<std::string> read_labels_text(const std::string& path, const FileRecord* record = nullptr);

}  // namespace kin
