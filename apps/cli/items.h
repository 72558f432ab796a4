#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/report.h"
#include "kinspace/features/vocabulary.h"

namespace kin::cli {

/// Non-empty lines of standard input, without blanks around them. Errors: kIo, kResourceLimit.
std::vector<std::string> stdin_lines();

/// Rows of the items in `text`: keys or titles with commas between. Titles may hold commas themselves.
/// Errors: kNotFound with suggestions, kInvalidArgument for an ambiguous title.
std::vector<std::int64_t> rows_of_text(const Vocabulary& vocabulary, std::string_view text);

/// Rows of several such texts; "-" stands for the lines of standard input, each one key or title. `directory` is that
/// of the model, for messages.
std::vector<std::int64_t> rows_of_texts(const Vocabulary& vocabulary, const std::vector<std::string>& texts,
                                        const std::string& directory);

/// The key of a row: a number where keys are integers.
Cell key_cell(const Vocabulary& vocabulary, std::int64_t row);

/// Adds what identifies an item: its key and, where the model has titles, its title.
void add_item_columns(const Vocabulary& vocabulary, std::vector<Column>& columns);
void add_item_cells(const Vocabulary& vocabulary, std::int64_t row, std::vector<Cell>& cells);

}  // namespace kin::cli
