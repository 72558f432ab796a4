#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/batch.h"

namespace kin {

/// The rows of a table that a condition keeps, such as  rating >= 4 and not genre in ('Drama', 'War').
///
/// Language    comparisons = == != < <= > >= of a column with a column, a number (-1.5e3) or a string ('it''s' or "a
/// b");
///             COLUMN in (a, b, ...), COLUMN not in (...), COLUMN is missing, COLUMN is not missing;
///             not (or !) binds tighter than and (&&), that tighter than or (||); parentheses. Words in any case. A
///             column name stands as it is when made of letters, digits, _ and . and no digit first, else in
///             `backquotes`.
/// Types       numbers compare by exact value, integers with fractions too; strings by their bytes. A column of strings
///             does not compare with a number.
/// Missing     a comparison, or `in`, with a missing value is false; so `not` of it is true.
/// Errors      kInvalidArgument with the place in the text: grammar, an unknown column (with a suggestion), types that
/// do
///             not compare, parentheses more than 200 deep, a text longer than 1 MiB.
/// Cost        select(): one pass over each column named, for every time it is named; no allocation but the first.
/// Threads     one RowFilter for each.
class RowFilter {
 public:
  /// An empty text keeps every row. `file` is named in errors.
  RowFilter(std::string_view text, std::span<const Field> fields, const std::string& file);
  ~RowFilter();
  RowFilter(RowFilter&&) noexcept;
  RowFilter& operator=(RowFilter&&) noexcept;

  /// The fields that the condition names, each once.
  const std::vector<std::int64_t>& columns() const noexcept;

  /// Sets `rows` to the rows to keep, rising. batch.columns[i] must hold field columns()[i]; more may follow.
  void select(const Batch& batch, std::vector<std::uint32_t>& rows);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kin
