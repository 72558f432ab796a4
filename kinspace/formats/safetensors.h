#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/formats/checked_file.h"
#include "kinspace/formats/safetensors_header.h"
#include "kinspace/tensor/matrix.h"
#include "kinspace/tensor/rows_view.h"

namespace kin {

template <class T>
struct TensorTypeOf;
template <>
struct TensorTypeOf<std::uint8_t> {
  static constexpr TensorType kType = TensorType::kU8;
};
template <>
struct TensorTypeOf<std::int32_t> {
  static constexpr TensorType kType = TensorType::kI32;
};
template <>
struct TensorTypeOf<std::uint32_t> {
  static constexpr TensorType kType = TensorType::kU32;
};
template <>
struct TensorTypeOf<std::int64_t> {
  static constexpr TensorType kType = TensorType::kI64;
};
template <>
struct TensorTypeOf<std::uint64_t> {
  static constexpr TensorType kType = TensorType::kU64;
};
template <>
struct TensorTypeOf<float> {
  static constexpr TensorType kType = TensorType::kF32;
};
template <>
struct TensorTypeOf<double> {
  static constexpr TensorType kType = TensorType::kF64;
};

/// A tensor to be written, borrowed from where it lies: equal pieces of memory at a fixed distance.
struct TensorSource {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  std::uint64_t pieces = 0;
  std::uint64_t piece_bytes = 0;
  std::uint64_t stride_bytes = 0;
  bool bf16 = false;  ///< a piece is bf16 in memory, and written as piece_bytes of floats

  /// `values` in the order of `shape` (row-major).
  template <class T>
  static TensorSource contiguous(std::string name, std::vector<std::int64_t> shape, std::span<const T> values) {
    return {std::move(name), TensorTypeOf<T>::kType, std::move(shape), values.data(), 1, values.size_bytes(), 0};
  }

  /// A matrix [rows, cols] whose rows may lie apart: a table's weights without the slots behind them.
  static TensorSource rows(std::string name, ConstMatrixView matrix);
  /// The same of floats or bf16, which are written as floats.
  static TensorSource stored_rows(std::string name, const RowsView& matrix);

  /// The piece_bytes of piece i as they are written: where they lie, or in `room` until the next call.
  const char* piece(std::uint64_t i, std::vector<float>& room) const;
};

/// Writes `directory`/`path` as a safetensors file; nothing is copied as a whole.
///
/// Layout   data of wide types first, then by name, so that every tensor is aligned to its type and the data section
///          to 64 bytes; a function of the tensors alone.
/// Errors   kIo; kInvalidArgument for two tensors of one name, a name that is not UTF-8 or is "__metadata__", and a
///          shape that does not fit the memory given.
FileRecord write_safetensors(const std::string& directory, const std::string& path, std::vector<TensorSource> tensors,
                             const std::map<std::string, std::string>& metadata = {});

/// Reads the tensors of one file. Everything about the file's structure is checked before the constructor returns, so
/// that no later call can leave the file; with a record, each block of bytes is checked when it is read.
///
/// Errors   kCorruption naming the file and the tensor or the bytes; kNotSupported for an unknown element type; kIo.
/// Threads  one at a time.
class SafetensorsReader {
 public:
  /// `record`, if any, is borrowed for the life of the reader.
  explicit SafetensorsReader(const std::string& path, const FileRecord* record = nullptr);

  const std::vector<TensorInfo>& tensors() const noexcept { return header_.tensors; }  ///< by rising name
  const std::map<std::string, std::string>& metadata() const noexcept { return header_.metadata; }

  /// The tensor of that name, or nullptr.
  const TensorInfo* find(std::string_view name) const noexcept;

  /// The tensor of that name, type and shape. Errors: kCorruption when there is none, saying what there is.
  const TensorInfo& require(std::string_view name, TensorType type, std::span<const std::int64_t> shape) const;

  /// All of a tensor. Errors: as require(), where the number of elements must be that of `to`.
  template <class T>
  void read(std::string_view name, std::span<T> to) {
    read_elements(name, TensorTypeOf<T>::kType, to.data(), to.size());
  }

  /// Rows [first, first + to.rows) of an F32 tensor [N, D], D = to.cols, into rows that may lie apart.
  /// Errors: as require(), where the rows must exist.
  void read_rows(std::string_view name, MatrixView to, std::int64_t first = 0);

  /// The same rows where they lie in the file, mapped and checked, D floats apart; nothing where that cannot be had
  /// (CheckedFile::mapped, and a file may place its tensors on any byte): then read_rows() does it. They live as long
  /// as mapping(). Errors: as read_rows().
  std::optional<MatrixView> map_rows(std::string_view name, std::int64_t first, std::int64_t rows);
  const std::shared_ptr<FileMapping>& mapping() const noexcept { return file_.mapping(); }

  /// Bytes [first, first + bytes) of a tensor of tensors(), of any type. Errors: kInvalidArgument beyond its end.
  void read_bytes(const TensorInfo& tensor, std::uint64_t first, void* to, std::size_t bytes);

  const std::string& path() const noexcept { return file_.path(); }

 private:
  void read_elements(std::string_view name, TensorType type, void* to, std::size_t count);
  const TensorInfo& require_name(std::string_view name) const;
  std::uint64_t offset_of_rows(std::string_view name, std::int64_t first, std::int64_t rows, std::int64_t cols) const;

  CheckedFile file_;
  SafetensorsHeader header_;
  std::uint64_t data_start_ = 0;
};

}  // namespace kin
