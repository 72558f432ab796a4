#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

enum class ColumnType : std::uint8_t { kInteger, kNumber, kString };

/// "integer", "number" or "string".
std::string_view column_type_name(ColumnType type) noexcept;

/// One column of a table: its name and type, and why it has that type.
struct Field {
  std::string name;
  ColumnType type = ColumnType::kString;
  bool guessed = true;            ///< from the first rows; false: the caller chose the type
  std::string example;            ///< a value that decided the guess, may be empty
  std::int64_t example_line = 0;  ///< where it stands
};

/// Values of one column, borrowed from whoever made the batch. Buffers are laid out as in the Arrow C data interface,
/// so that a reader of such data can lend them without a copy.
struct Column {
  ColumnType type = ColumnType::kString;
  std::span<const std::int64_t> integers;  ///< kInteger: one a row
  std::span<const double> numbers;         ///< kNumber: one a row
  std::span<const std::int32_t> offsets;   ///< kString: one a row and one more, into `bytes`
  const char* bytes = nullptr;
  const std::uint8_t* validity = nullptr;  ///< bit i % 8 of byte i / 8 is 0 where row i is missing; null: none is

  bool missing(std::size_t row) const noexcept {
    return validity != nullptr && (validity[row / 8] >> (row % 8) & 1) == 0;
  }
  std::string_view string(std::size_t row) const noexcept {
    return {bytes + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
};

/// Some consecutive rows of some columns of a table.
struct Batch {
  std::int64_t rows = 0;
  std::vector<Column> columns;
};

/// "FILE has no column 'x', did you mean 'y'? Its columns are: ..."
std::string no_such_field(std::span<const Field> fields, std::string_view name, const std::string& file);

/// Position of column `name`.
/// Errors   kInvalidArgument listing the columns, with a suggestion; `role` says who asks, such as "data.group_by".
std::int64_t find_field(std::span<const Field> fields, std::string_view name, const std::string& file,
                        std::string_view role);

/// `name` as a key of a TOML table: bare or in quotes.
std::string toml_key(std::string_view name);

}  // namespace kin
