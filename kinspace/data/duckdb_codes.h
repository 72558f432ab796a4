#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kinspace/data/batch.h"
#include "kinspace/data/duckdb_session.h"
#include "kinspace/data/key_index.h"

namespace kin::duckdb {

/// Numbers the strings of a column while DuckDB reads it: an SQL function makes codes of them (see Column), which for
/// the strings of a Parquet dictionary DuckDB calls once for each of them and not for each row.
///
/// Limits   kMost strings; a column that turns out to have more cannot be read so.
/// Threads  DuckDB may call the function from several; all else from one.
class StringCodes {
 public:
  static constexpr std::int64_t kMost = 20'000;  // DuckDB calls it for each row where a dictionary is larger

  /// Makes the function `name` known to the session, which must not outlive this.
  StringCodes(const Session& session, std::string name);
  StringCodes(const StringCodes&) = delete;
  StringCodes& operator=(const StringCodes&) = delete;

  const std::string& name() const noexcept { return name_; }

  /// The column of a vector of codes, which borrows from it and from this until the next call.
  /// False when the column has more strings than can be numbered; `column` is then of no use.
  bool read(Vector vector, std::size_t rows, Column& column);

 private:
  static void call(Call call, Chunk input, Vector output);
  void number(Chunk input, Vector output);
  void publish();

  const Api& api_;
  std::string name_;
  std::mutex mutex_;
  KeyIndex index_{false};  // guarded by mutex_

  std::shared_ptr<const void> identity_;
  std::vector<std::int32_t> offsets_ = {0, 0};  // of the strings so far, the empty one first
  std::vector<char> bytes_;
  std::vector<std::int32_t> codes_;
  std::vector<std::uint8_t> validity_;
};

}  // namespace kin::duckdb
