#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kinspace/data/batch.h"

namespace kin::expression {

/// A column, by its place in Program::columns.
struct ColumnRef {
  std::size_t slot = 0;
};

using Operand = std::variant<ColumnRef, std::int64_t, double, std::string>;

/// accept[0], [1], [2]: is the result true when left < right, left = right, left > right?
struct Compare {
  Operand left;
  Operand right;
  std::array<bool, 3> accept{};
};

/// Is the column's value in the list (sorted; the one of the column's type)?
struct In {
  std::size_t slot = 0;
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::vector<std::string> strings;
};

struct Missing {
  std::size_t slot = 0;
};
struct And {};
struct Or {};
struct Not {};

using Op = std::variant<Compare, In, Missing, And, Or, Not>;

/// A checked condition in postfix order: Compare, In and Missing push a truth value, the others combine the top ones.
struct Program {
  std::vector<std::int64_t> columns;  ///< field of each slot
  std::vector<Op> ops;
};

/// Errors as those of RowFilter.
Program parse(std::string_view text, std::span<const Field> fields, const std::string& file);

}  // namespace kin::expression
