#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/bad_rows.h"
#include "kinspace/data/batch.h"
#include "kinspace/data/byte_source.h"
#include "kinspace/data/csv_scanner.h"
#include "kinspace/data/table_options.h"

namespace kin {

/// A table that is read as typed batches, from its first row as often as wanted.
///
/// Threads  one thread at a time.
class Table {
 public:
  virtual ~Table() = default;

  virtual const std::string& name() const noexcept = 0;           ///< for messages: the file, the query
  virtual const std::vector<Field>& fields() const noexcept = 0;  ///< after `rename` and `select`
  virtual std::uint64_t size() const noexcept = 0;                ///< bytes of its files as they lie there; 0: unknown
  virtual std::int64_t estimated_rows() const noexcept = 0;       ///< a guess; exact for a small table

  /// Starts (again) at the first row. Batches will hold the fields at `wanted` (different ones), in that order.
  virtual void start(std::vector<std::int64_t> wanted) = 0;

  /// The next rows, at least one; false at the end. What the batch borrows lives until the next call.
  /// Errors   kBadData naming file, line or row, column and value; kIo.
  virtual bool next(Batch& batch) = 0;

  /// Where a row of the last batch stands: "ratings.csv:17", "flights.parquet row 17".
  virtual std::string place(std::size_t row) const = 0;

  virtual std::uint64_t bytes_read() const noexcept = 0;  ///< since start(), of size()

  /// Checksum of what the table was read from, once next() has returned false; the same for equal sources.
  virtual std::string digest() const = 0;

  /// The bad rows met since start(), all of them once next() has returned false.
  virtual const BadRows& bad_rows() const noexcept = 0;
};

struct TableRequest {
  std::string directory = {};             ///< of the spec: relative paths are sought below it first
  std::string rejects = {};               ///< file that takes the bad rows as they stand; empty: none
  std::uint64_t memory_limit = 0;         ///< bytes for buffers of readers that can be told; 0: their own default
  int threads = 1;                        ///< for readers with threads of their own; the rows come in the same order
  ThreadPool* pool = nullptr;             ///< for the others; null: one thread. It outlives the table
  bool once = false;                      ///< start() will be called once: what comes out of a pipe need not be kept
  std::optional<ByteSource> source = {};  ///< in place of data.path: a pipe that is opened as several tables
  std::string types_role = "data.types";  ///< how errors call the types
  bool codes = false;                     ///< columns of strings may have codes (Column), where that is faster
  CsvLimits limits = {};
};

/// Opens what `data` describes: CSV, JSON Lines or Parquet by data.format, else by the file's name or its first bytes,
/// or the rows of data.query. Several files are one table, one behind the other: all have the columns of the first, in
/// any order; JSON Lines may lack some, or have more. Where data.separator is empty, that of CSV is found from the
/// first file (sniff.h). data.types, data.select and data.rename name columns as the files do.
///
/// Bad rows  are left out and counted as data.on_bad says; Table::next() refuses too large a share of them at the end.
/// Pipes     standard input ("-") and FIFOs are kept in a temporary file as far as they have been read, so that they
///           can be read again; a process can open one only once.
///
/// Errors   kIo, kInvalidArgument (settings, columns that are not there), kBadData (what the reader refuses in the
/// first
///          rows), kNotSupported with what to install, when DuckDB is needed and not found.
std::unique_ptr<Table> open_table(const DataOptions& data, const TableRequest& request = {});

}  // namespace kin
