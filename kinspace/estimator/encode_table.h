#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/split.h"
#include "kinspace/data/table.h"
#include "kinspace/estimator/spec.h"
#include "kinspace/features/encoded_table.h"
#include "kinspace/features/encoder.h"

namespace kin {

/// Sees fields of every row that is encoded, beside the encoder.
class RowWatcher {
 public:
  virtual ~RowWatcher() = default;

  /// The fields that it wants, of those of a table.
  virtual std::vector<std::int64_t> fields(std::span<const Field> all, const std::string& table) = 0;

  /// Rows `kept` of a batch of just these fields, in the order of the table.
  virtual void take(const Batch& batch, std::span<const std::uint32_t> kept) = 0;
};

struct EncodeOptions {
  std::string directory = {};                 ///< of the spec, where relative paths start
  std::string rejects = {};                   ///< file that takes bad rows; empty: none
  std::optional<ByteSource> source = {};      ///< in place of data.path: a pipe that is read for learning and encoding
  std::uint64_t memory_limit = 0;             ///< bytes that the encoded table may take; 0: no limit
  std::function<bool()> stop_requested = {};  ///< asked after every batch; true ends with kCancelled
  ThreadPool* pool = nullptr;                 ///< shares columns among threads; null: one thread
  RowWatcher* watcher = nullptr;              ///< of encode_table(); through a cache nobody watches
};

struct EncodeCounts {
  std::int64_t rows = 0;       ///< of the table
  std::int64_t kept_rows = 0;  ///< those that `where` keeps
  std::int64_t bad_rows = 0;   ///< left out as data.on_bad says
  std::string digest;          ///< Table::digest()
};

/// An encoder for the columns of a spec, which has learned what is to be learned from the training rows of its data.
/// The data are read only where something is. Errors   those of Encoder, open_table() and RowFilter; kInvalidArgument
/// when there is something to learn and
///          data.path and data.query are empty.
Encoder fit_encoder(const Spec& spec, const EncodeOptions& options);

/// Encodes the rows of a table that `where` keeps and hands them on batch by batch. `encoder` must be fitted.
/// Errors   as above, and what `take` throws.
EncodeCounts encode_rows(Encoder& encoder, Table& table, const std::string& where, const EncodeOptions& options,
                         FunctionRef<void(const EncodedBatch&)> take);

/// A table as the model sees it, and what made it so.
struct EncodedData {
  Encoder encoder;
  EncodedTable table;
  EncodeCounts counts;
  std::vector<Part> parts;  ///< of each row: what the split of the spec says
  bool from_cache = false;
};

/// Learns from and encodes the data of a spec. Where nothing is learned but plain vocabularies the data are read once,
/// else twice. With `fitted`, what was learned before, nothing is learned. Errors   as above; kResourceLimit when the
/// encoded table would take more than options.memory_limit.
EncodedData encode_table(const Spec& spec, const EncodeOptions& options, FittedColumns fitted = {});

/// The same through a directory that keeps the result: read from there if it was made by the same columns, options and
/// unchanged files (path, size and time of change), else encoded anew and kept. What a query reads cannot be known, so
/// its result is never taken from there.
/// Errors   as above; kCorruption never: a damaged cache is made anew.
EncodedData encode_table_cached(const Spec& spec, const EncodeOptions& options, const std::string& cache_directory);

}  // namespace kin
