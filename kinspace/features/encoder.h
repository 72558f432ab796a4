#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kinspace/base/thread_pool.h"
#include "kinspace/data/batch.h"
#include "kinspace/features/feature_column.h"
#include "kinspace/features/vocabulary.h"

namespace kin {

/// What a column learned from the training rows.
struct FittedColumn {
  Vocabulary vocabulary;             ///< of vocabularies that are learned, or come from a file
  std::vector<double> numbers = {};  ///< of numeric and bucketized columns: mean and deviation, boundaries, ...
};
using FittedColumns = std::map<std::string, FittedColumn>;

/// What an Encoder makes of one column.
struct EncodedInfo {
  std::string name = {};         ///< of the column in the spec
  std::string tf_name = {};      ///< TensorFlow's: "age_bucketized", "a_X_b", "movies_weighted_by_w"
  bool categorical = true;       ///< ids; else dense numbers
  std::int64_t num_buckets = 0;  ///< categorical: ids are below it
  std::int64_t width = 0;        ///< dense: numbers a row (sequence: a step)
  bool weighted = false;
  bool sequence = false;
};

/// One column of a batch of B rows.
struct EncodedColumn {
  // Categorical: row b has ids[offsets[b] .. offsets[b + 1]), in the order of the values; -1: out of vocabulary.
  std::vector<std::int64_t> offsets = {};  ///< B + 1
  std::vector<std::int64_t> ids = {};      ///< NNZ
  std::vector<float> weights = {};         ///< NNZ, weighted columns only
  std::vector<std::int32_t> positions =
      {};  ///< NNZ: place of each value in its list. Sequences: the step, rising in a row
  // Dense: [B, width]. A sequence is ragged: row b has steps offsets[b] .. offsets[b + 1] of `width` numbers each.
  std::vector<float> dense = {};
  // Sequences: steps of each row, the last step with a value and all before it.
  std::vector<std::int64_t> lengths = {};  ///< B
};

/// A batch as the model sees it: parallel to Encoder::columns(). Vectors keep their memory from batch to batch.
struct EncodedBatch {
  std::int64_t rows = 0;
  std::vector<EncodedColumn> columns;
};

struct EncoderOptions {
  std::string directory = {};  ///< of the spec: vocabulary files are sought below it, else in the current one
};

/// Executes feature columns: compiled once, then batches of a table become sparse tensors and dense matrices.
///
/// Life     Encoder(columns) -> bind(fields) -> unless fitted(): learn(batch) for all training rows, finish_learning()
///          -> encode(batch). With what was learned before, Encoder(columns, fitted) starts fitted.
/// Order    columns() are those of the spec by name (by bytes), as TensorFlow sorts them.
/// Threads  encode() of one Encoder from one thread at a time; clone() gives another thread its own, which shares what
///          is large.
/// Cost     encode(): no allocation in the steady state; strings are hashed or looked up where they lie.
class Encoder {
 public:
  /// Errors   kInvalidArgument naming column and key: settings that contradict each other, a cross of unknown or
  ///          unsuitable columns (a hashed one, a dense one), more combinations than 2^63; kIo, kBadData with the line:
  ///          a vocabulary file that is empty, repeats a key or has an empty line.
  explicit Encoder(const FeatureColumns& columns, FittedColumns fitted = {}, const EncoderOptions& options = {});
  ~Encoder();
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;

  /// Data columns that are read, each once, by name.
  const std::vector<std::string>& sources() const noexcept;

  /// Says how the table holds the sources: from now on batch.columns[i] is field `i` of the returned positions, in the
  /// order of sources(). `file` is named in errors, and rows of a batch by what `place` calls them, such as
  /// "ratings.csv:17"; with a pool, several threads may call it at once. To be called before learn() and encode(),
  /// again for another table. Errors   kInvalidArgument: a source that is not there, or whose type does not fit its
  /// column.
  std::vector<std::int64_t> bind(std::span<const Field> fields, const std::string& file,
                                 std::function<std::string(std::size_t row)> place = {});

  /// Whether nothing is left to learn.
  bool fitted() const noexcept;

  /// Takes part of the training rows into what is learned: rows `rows` of the batch, or all.
  /// Errors   kBadData as encode().
  void learn(const Batch& batch);
  void learn(const Batch& batch, std::span<const std::uint32_t> rows, ThreadPool* pool = nullptr);

  /// Errors   kBadData naming a column of which nothing could be learned.
  void finish_learning();

  /// What was learned or read from vocabulary files, for a model to keep: an encoder that gets it reads no file.
  const FittedColumns& learned() const noexcept;

  /// Complete once fitted().
  const std::vector<EncodedInfo>& columns() const noexcept;

  /// The vocabulary of a column, learned or given; null for other kinds.
  const Vocabulary* vocabulary(std::string_view column) const noexcept;

  /// Rows `rows` of the batch, or all; `pool` shares the columns among threads.
  /// Errors   kBadData naming the row, column and value: a number that is missing where that is an error, an id out of
  ///          range, weights that do not pair; kInvalidArgument: columns that are not what bind() was told.
  void encode(const Batch& batch, EncodedBatch& out);
  void encode(const Batch& batch, std::span<const std::uint32_t> rows, EncodedBatch& out, ThreadPool* pool = nullptr);

  /// Whether the table need be read only once: all that is to be learned are vocabularies of columns that are in no
  /// cross. Then learn_and_encode() gives their ids by order of arrival, and renumber() makes them what they are.
  bool one_pass() const noexcept;

  /// Encodes rows `rows` (rising) of a batch and learns from those of them that are in `training` (rising). To be
  /// called for all batches, then finish_learning(). Only where one_pass(). Errors   as encode().
  void learn_and_encode(const Batch& batch, std::span<const std::uint32_t> rows,
                        std::span<const std::uint32_t> training, EncodedBatch& out, ThreadPool* pool = nullptr);

  /// After finish_learning(): renumbering(c)[i] is the id that i stands for in column c of what learn_and_encode()
  /// made, 2^32 - 1 for -1. Empty where ids stay as they are.
  std::span<const std::uint32_t> renumbering(std::size_t column) const noexcept;

  /// The same for all columns of a batch.
  void renumber(EncodedBatch& batch) const;

  /// Another one for another thread. Only where fitted().
  Encoder clone() const;

 private:
  struct State;
  explicit Encoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kin
