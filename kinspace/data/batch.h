#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kin {

enum class ColumnType : std::uint8_t { kInteger, kNumber, kString };

/// "integer", "number" or "string".
std::string_view column_type_name(ColumnType type) noexcept;

/// What one row of a column holds.
enum class Cells : std::uint8_t {
  kSingle,  ///< one value
  kList,    ///< a list of values, as long as the row wants it
  kFixed,   ///< a list of values, as long in every row
};

/// What the integers of a column count when they are points in time; kNone where they are not.
enum class TimeUnit : std::uint8_t { kNone, kDays, kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };

/// One column of a table: its name and type, and why it has that type.
struct Field {
  std::string name = {};
  ColumnType type = ColumnType::kString;  ///< of a value
  Cells cells = Cells::kSingle;
  TimeUnit unit = TimeUnit::kNone;  ///< of a kInteger column that its file declares a date or a time, since 1970 UTC
  bool guessed = true;              ///< from the first rows; false: the caller chose the type
  std::string example = {};         ///< a value that decided the guess, may be empty
  std::int64_t example_line = 0;    ///< where it stands
};

/// Values of one column, borrowed from whoever made the batch. Buffers are laid out as in the Arrow C data interface,
/// so that a reader of such data can lend them without a copy.
///
/// Values   one a row or, in a column of lists, those of all rows behind one another.
/// Codes    of tables that were asked for them (TableRequest::codes): value i is string codes[i], so that what is done
///          with a string need be done but once; string 0 is the empty one, and the code of a missing value 0. More
///          strings may come with every batch; those that were there keep their codes as long as `dictionary` is the
///          same pointer.
struct Column {
  ColumnType type = ColumnType::kString;
  Cells cells = Cells::kSingle;
  std::span<const std::int64_t> integers;  ///< kInteger: the values
  std::span<const double> numbers;         ///< kNumber: the values
  std::span<const std::int32_t> offsets;   ///< kString: one a string and one more, into `bytes`
  const char* bytes = nullptr;
  std::span<const std::int32_t> codes = {};      ///< kString: empty, so that value i is string i; or as said above
  std::shared_ptr<const void> dictionary = {};   ///< whose strings the codes mean; null where there are none
  std::span<const std::int32_t> list_offsets;    ///< kList, kFixed: one a row and one more, into the values
  const std::uint8_t* validity = nullptr;        ///< bit i % 8 of byte i / 8 is 0 where row i is missing; null: none is
  const std::uint8_t* value_validity = nullptr;  ///< kList, kFixed: likewise for value i

  bool missing(std::size_t row) const noexcept { return unset(validity, row); }

  /// Whether value i is missing, by itself; a missing row has no values.
  bool value_missing(std::size_t i) const noexcept {
    return unset(cells == Cells::kSingle ? validity : value_validity, i);
  }
  /// Number of the string that value i of a kString column is.
  std::size_t string_at(std::size_t i) const noexcept { return codes.empty() ? i : static_cast<std::size_t>(codes[i]); }
  std::string_view string(std::size_t i) const noexcept {
    const std::size_t at = string_at(i);
    return {bytes + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at])};
  }

 private:
  static bool unset(const std::uint8_t* bits, std::size_t i) noexcept {
    return bits != nullptr && (bits[i / 8] >> (i % 8) & 1) == 0;
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
