#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/data/byte_source.h"
#include "kinspace/data/csv_scanner.h"
#include "kinspace/data/table.h"

namespace kin {

struct JsonlOptions {
  std::map<std::string, ColumnType> types = {};  ///< columns whose type is not guessed; they need not occur
  std::string types_role = "data.types";         ///< how errors call `types`
  std::vector<Field> fields = {};                ///< the columns, where they are known; nothing is guessed then
  bool types_elsewhere = false;                  ///< other files of the same table may have the columns of `types`
  bool only_known_keys = false;                  ///< keys that are no columns are left out; else they are bad rows
  std::int64_t guess_rows = 1000;                ///< rows that the columns are taken from
  BadRows* bad_rows = nullptr;  ///< takes the rows that cannot be read; its owner restarts and finishes it, and it
                                ///< outlives the reader. Null: the first such row is an error
  CsvLimits limits = {};
};

/// A table from JSON Lines, an object a line, or from one array of objects; both stream.
///
/// Columns  are the keys of the first rows, in the order in which they come; {"a": {"b": 1}} has the column a.b. A key
///          that comes up later would be lost in silence, so it makes a bad row, unless its value is null.
/// Types    integer, number or string, the least that takes all values of the first rows; true is 1 and false is 0
/// where
///          a column has integers or numbers too, or nothing else. As text numbers are their shortest decimal form.
/// Lists    of such values make a column of lists, in which a single value is a list of one. Lists of lists or objects
///          are taken as text: their JSON without blanks.
/// Missing  null, an absent key, "" and {}; null and "" in a list are missing values.
/// Errors   of the constructor: kBadData (no rows, no keys, more than 100,000 of them, and JSON in the first rows that
///          is none), kInvalidArgument (`types` names what looks like a slip for another column). Rows are bad that are
///          no object, not UTF-8, have a key twice, a number beyond 64 bits, NaN, or a value that its column does not
///          take; JSON itself has no comments and no trailing commas. Rows are at most 64 MiB long.
class JsonlReader final : public Table {
 public:
  JsonlReader(ByteSource source, JsonlOptions options);
  ~JsonlReader() override;

  const std::string& name() const noexcept override { return source_.name; }
  std::uint64_t size() const noexcept override { return source_.size; }
  const std::vector<Field>& fields() const noexcept override { return fields_; }
  std::int64_t estimated_rows() const noexcept override { return estimated_rows_; }
  void start(std::vector<std::int64_t> wanted) override;
  bool next(Batch& batch) override;
  std::string place(std::size_t row) const override;
  std::uint64_t bytes_read() const noexcept override;
  std::string digest() const override;
  const BadRows& bad_rows() const noexcept override { return *bad_rows_; }

 private:
  class Guess;
  struct State;

  void guess();
  void add_declared(bool all_seen);

  ByteSource source_;
  JsonlOptions options_;
  BadRows strict_;  // where the options have none
  BadRows* bad_rows_;
  std::vector<Field> fields_;
  std::int64_t estimated_rows_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace kin
