#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/data/bad_rows.h"
#include "kinspace/data/batch.h"
#include "kinspace/data/table.h"
#include "kinspace/profile/cell_shape.h"
#include "kinspace/profile/value_counts.h"

namespace kin {

/// What the numbers of a column are.
struct NumberProfile {
  double min = 0;
  double max = 0;
  double mean = 0;
  double deviation = 0;  ///< standard deviation
  std::int64_t zeros = 0;
  std::int64_t negatives = 0;
  std::vector<double> quantiles;        ///< at kQuantiles
  std::vector<std::int64_t> histogram;  ///< in bins of equal width from low to high; what lies outside is in the ends
  double low = 0;
  double high = 0;
};

inline const std::vector<double> kQuantiles = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
inline constexpr std::size_t kHistogramBins = 16;

/// Hashed into so many buckets, values share one with others.
struct Collisions {
  std::int64_t buckets = 0;
  double expected = 0;                 ///< values less the buckets in use, of a perfect hash
  std::optional<std::int64_t> actual;  ///< of FarmHash, while values are counted exactly
};

/// What points in time a column holds.
enum class TimeForm : std::uint8_t {
  kNone,
  kText,    ///< as parse_time() reads
  kCount,   ///< since 1970, in seconds or smaller units, or days
  kDigits,  ///< integers such as 20011231
  kOther,   ///< dates in another notation, which nothing here reads
};

/// What one column of a table holds. Values are cells or, in a column of lists, what is in them.
struct ColumnProfile {
  std::string name;
  ColumnType type = ColumnType::kString;
  Cells cells = Cells::kSingle;
  std::int64_t rows = 0;
  std::int64_t missing = 0;  ///< rows without a value
  std::int64_t values = 0;
  std::int64_t distinct = 0;
  bool exact = true;            ///< distinct, counts and quantiles are exact, not estimated
  std::vector<ValueCount> top;  ///< the most frequent values
  std::int64_t singles = 0;     ///< values that occur once, while exact
  double zipf = 0;              ///< exponent s of frequency ~ rank^-s, fitted to the most frequent; 0: too few values

  std::optional<NumberProfile> numbers;
  CellShape shape;  ///< of text
  TimeForm time = TimeForm::kNone;
  std::string first;  ///< smallest and largest text; of times the earliest and the latest, as 2001-12-31 23:59:59
  std::string last;
  int hours = 0;       ///< of times: how many different hours of the day occur
  double days = 0;     ///< of times: from the first to the last
  bool codes = false;  ///< integers that look like codes rather than quantities: close together and far from 0
  bool dense = false;  ///< integers that nearly fill the range from 0 or 1 to their largest

  // Of the values between shape.split.
  std::int64_t parts = 0;
  std::int64_t distinct_parts = 0;
  std::vector<ValueCount> top_parts;

  std::optional<Collisions> collisions;

  /// Share of the most frequent value among all values.
  double top_share() const noexcept;
};

struct TableProfile {
  std::string name;
  std::int64_t rows = 0;
  std::vector<ColumnProfile> columns;
  std::int64_t bad_rows = 0;
  std::vector<BadRow> bad_shown;
};

struct ProfileOptions {
  std::int64_t exact_values = 1'000'000;  ///< different values of a column that are counted exactly; beyond, sketches
  std::uint64_t memory = std::uint64_t{2}
                         << 30;  ///< of all exact counts; when they need more, the largest are given up
  std::size_t top = 20;          ///< frequent values that are kept
  std::size_t sample = 16384;    ///< cells of a column that are looked at closely, at most
  std::uint64_t sample_memory = std::uint64_t{32} << 20;  ///< of these cells
  std::int64_t buckets = 0;  ///< for collisions; 0: the power of two next to twice the number of values
};

/// Reads a table once from the first row to the last and says what it holds.
///
/// Memory   options.memory, at most 256 MiB of cells that are looked at closely, and for each column up to 2 MiB.
/// Bits     do not depend on how the table is cut into batches.
/// Errors   as the table's next().
TableProfile profile_table(Table& table, const ProfileOptions& options = {});

}  // namespace kin
