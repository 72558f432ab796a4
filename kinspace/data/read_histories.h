#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/batch.h"
#include "kinspace/data/histories.h"
#include "kinspace/data/table.h"
#include "kinspace/data/table_options.h"

namespace kin {

struct ReadProgress {
  int pass = 1;  ///< of `passes`
  int passes = 2;
  std::uint64_t bytes = 0;        ///< of the files, in this pass
  std::uint64_t total_bytes = 0;  ///< 0: unknown, as of a pipe
};

/// What is wanted from a table beside its DataOptions.
struct HistoriesRequest {
  std::string item = {};           ///< column of the items
  std::string split_column = {};   ///< its value, the same in all rows of a group, decides the split; empty: none
  std::uint64_t memory_limit = 0;  ///< bytes that reading may take; 0: no limit
  std::function<void(const ReadProgress&)> progress =
      {};                   ///< called after every block; may throw Error::cancelled to stop
  TableRequest table = {};  ///< how the table is opened: the spec's directory, rejects, limits
};

/// Histories and what is worth knowing about where they come from.
struct LoadedHistories {
  Histories histories;
  std::vector<std::uint64_t> split_numbers;  ///< G: number of each group's key or, where asked for, of its split column
  std::int64_t rows = 0;                     ///< of the table, without the bad ones
  std::int64_t kept_rows = 0;                ///< events: rows that `where` keeps, or items in their lists
  std::int64_t short_groups = 0;             ///< groups with one event, which give neither an example nor a case
  std::int64_t longest_group = 0;
  std::uint64_t file_bytes = 0;
  std::string digest;            ///< Table::digest(), for noticing other data
  std::int64_t bad_rows = 0;     ///< left out as data.on_bad says
  std::uint64_t peak_bytes = 0;  ///< memory that reading took, by estimate_read_memory()
};

/// Reads the rows of a table into histories: in a first pass over the file the keys are collected and the events of
/// each group counted, in a second one every event is put into its place; then each history is sorted.
///
/// Columns  group_by and the item column hold integers or strings. Columns of order_by hold anything; strings are
///          ordered by their bytes, so dates as 2001-12-31 are fine. Kept rows must have a value in all of these. Items
///          may come in lists (`user item item ...`): then every item of a list that is not missing is an event, in the
///          order of the list unless order_by says more.
/// Errors   those of open_table(). kInvalidArgument: a column that is not there, a key column of numbers with
///          fractions, lists in another column than that of the items, a bad `where`.
///          kBadData: whatever the table refuses, a missing value (with its line), no row kept, a group with two values
///          of the split column, a file that changes while it is read. kResourceLimit: over the memory limit, found
///          before the second pass or, where keys are what is large, during the first.
/// Memory   see estimate_read_memory(). Threads: the result does not depend on them.
LoadedHistories read_histories(const DataOptions& data, const HistoriesRequest& request, ThreadPool& pool);

/// What read_histories() is going to hold at its peak.
struct ReadSize {
  std::int64_t events = 0;
  std::int64_t groups = 0;
  std::int64_t items = 0;
  std::uint64_t key_bytes = 0;   ///< of all distinct string keys together; 0 for integer keys
  std::int64_t order_bytes = 4;  ///< an event: for each order column 4 if its values span less than 2^32, else 8
  std::int64_t longest_group = 0;
  std::uint64_t block_bytes = std::uint64_t{1} << 20;
  int threads = 1;
};

/// Bytes: 4 an event for the item and `order_bytes` for its order, 24 to 40 a key, and the buffers of the reader.
std::uint64_t estimate_read_memory(const ReadSize& size) noexcept;

}  // namespace kin
