#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/features/internal/batch_rows.h"
#include "kinspace/features/internal/split_cells.h"
#include "kinspace/features/internal/values.h"
#include "kinspace/features/time_part.h"
#include "kinspace/features/tokenizer.h"

namespace kin::internal {

/// Reads the values of one categorical column.
class ValueReader {
 public:
  virtual ~ValueReader() = default;
  virtual std::unique_ptr<ValueReader> clone() const = 0;

  /// Errors   kInvalidArgument: the data hold what the column does not take.
  virtual void bind(const Binding& binding) = 0;

  /// Whether read() yields integers.
  virtual bool integers() const noexcept = 0;

  /// Whether the data are single cells or fixed lists: TensorFlow's dense tensors.
  virtual bool dense() const noexcept = 0;

  /// Errors   kBadData naming row, column and value.
  virtual void read(const BatchRows& rows, Values& out) = 0;
};

/// Which single cells hold no value.
enum class Missing : std::uint8_t {
  kTensorFlow,  ///< '', -1 and null
  kNull,        ///< null
  kNone,        ///< all hold one: null is '' or -1
};

struct CellOptions {
  std::string column;      ///< name of the feature column, for messages
  std::size_t source = 0;  ///< of the encoder's sources
  std::string split;
  std::string pair;
  std::string derive;
  std::string time_zone;
  Missing missing = Missing::kTensorFlow;
  enum class Type : std::uint8_t {
    kAuto,
    kString,
    kInteger,    ///< the data must be integers; pieces of split cells are read as such
    kTruncated,  ///< as kAuto, and numbers lose their fraction: raw keys of crosses
  } type = Type::kAuto;
};

/// Cells as they are, split, with a part of a date or time derived from each, or with weights beside the values.
std::unique_ptr<ValueReader> read_cells(CellOptions options);

/// The words of texts.
std::unique_ptr<ValueReader> read_words(std::string column, std::size_t source, const TokenizerOptions& options);

}  // namespace kin::internal
