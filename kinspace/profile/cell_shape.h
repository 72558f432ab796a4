#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kinspace/base/thread_pool.h"

namespace kin {

/// What the text cells of a column look like.
struct CellShape {
  double mean_words = 0;  ///< separated by blanks
  double mean_bytes = 0;
  double leading_zeros = 0;  ///< share of cells that are digits with a zero in front, which a number would lose

  bool time = false;        ///< dates or times that parse_time() reads
  bool clock = false;       ///< some of them with more than a date
  bool other_time = false;  ///< dates in another notation, such as 12/31/2001

  std::string split;       ///< what stands between several values in a cell; empty: a cell is a value
  std::string pair;        ///< what stands between a value and its weight
  bool json_list = false;  ///< cells such as [1, 2]
  double mean_values = 0;  ///< of a cell, where there is a split
};

/// Guesses from some cells, none of them empty.
///
///   split   | ; , or blank: it stands in many cells, and what is between is short and comes again in other cells.
///           Commas must separate a varying number of values, blanks such that have digits, so that sentences and
///           "Portland, OR" stay whole.
///   times   19 of 20 cells must be one.
CellShape shape_of(std::span<const std::string> cells);

/// Calls `take` for each value of a cell, without its weight and the blanks around it; empty ones are left out.
void each_value(std::string_view cell, std::string_view split, std::string_view pair,
                FunctionRef<void(std::string_view value)> take);

}  // namespace kin
