#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/stored_tensor.h"
#include "kinspace/tensor/matrix.h"

namespace kin {

/// Texts one behind the other, as the keys of a table's rows are kept: 8 bytes a text beside its own.
class TokenList {
 public:
  void add(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  std::size_t size() const noexcept { return ends_.size(); }
  std::string_view operator[](std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

/// Takes consecutive elements of a tensor in row-major order: their little-endian bytes, borrowed for the call, of
/// which the first is element `first` of the tensor.
using ElementSink = std::function<void(std::int64_t first, std::string_view bytes)>;

/// Named tensors of a file, of whatever format, that may be read in part.
///
/// Errors   for a damaged file kCorruption naming the file and the tensor, block or line; kNotSupported for what the
///          format allows and this library does not read; kIo. Nothing is allocated by a number that was not compared
///          with the length of the file.
/// Threads  one at a time.
/// Memory   at most twice the file and 64 MiB, without what the caller is given.
class TensorFile {
 public:
  virtual ~TensorFile();
  TensorFile(const TensorFile&) = delete;
  TensorFile& operator=(const TensorFile&) = delete;

  /// What it is: tf-checkpoint, tf-v1-checkpoint, run, safetensors, npy, npz, word2vec, word2vec-bin, glove, csv.
  std::string_view format() const noexcept { return format_; }

  /// The file for messages; of a checkpoint its prefix.
  const std::string& path() const noexcept { return path_; }

  /// What the caller should tell its user, such as which of several checkpoints was taken.
  const std::vector<std::string>& notes() const noexcept { return notes_; }
  void add_note(std::string note) { notes_.push_back(std::move(note)); }

  /// What the manifest of a run says beside its files, in JSON; empty for all else.
  virtual std::string attributes() const;

  /// By rising name.
  const std::vector<StoredTensor>& tensors() const noexcept { return tensors_; }

  /// The tensor that a person means by `name`, or nullptr: its name, else its full_name in the object graph of a
  /// TensorFlow 2 checkpoint, else its key there without "/.ATTRIBUTES/VARIABLE_VALUE". A ":0" at the end is ignored.
  /// Also nullptr when two tensors have that full_name.
  const StoredTensor* find(std::string_view name) const;

  /// Errors: kNotFound when there is none, with the nearest name.
  const StoredTensor& require(std::string_view name) const;

  /// The keys of the rows of a tensor, one a row, where the format has them, else nullptr. Word vectors, CSV and runs.
  virtual const TokenList* tokens(const StoredTensor& tensor);

  /// Rows [first, first + to.rows) as float32; a row is an element of the first extent, `to.cols` = tensor.cols().
  ///
  ///   float32, float16, bfloat16 exact; float64 rounded; integers and bool where float32 holds them exactly
  ///
  /// Errors   kInvalidArgument for rows that are not there or another width; kBadData for an integer beyond 2^24 that
  ///          float32 does not hold; kNotSupported for strings and complex numbers. `to` is then unspecified.
  void read_rows(const StoredTensor& tensor, MatrixView to, std::int64_t first = 0);

  /// All of it: [rows(), cols()].
  Matrix read_matrix(const StoredTensor& tensor);

  /// All elements of an integer or bool tensor, row-major.
  /// Errors   kInvalidArgument for another type; kBadData for a uint64 beyond int64.
  std::vector<std::int64_t> read_integers(const StoredTensor& tensor);

  /// All elements of a string tensor, row-major. Errors: kInvalidArgument for another type.
  virtual std::vector<std::string> read_strings(const StoredTensor& tensor);

  /// Gives `sink` the elements [first, first + count) as they are stored, each once, in pieces in any order.
  /// Errors   kInvalidArgument for strings, kOther and elements that are not there.
  void read_elements(const StoredTensor& tensor, std::int64_t first, std::int64_t count, const ElementSink& sink);

 protected:
  TensorFile(std::string_view format, std::string path) : format_(format), path_(std::move(path)) {}

  /// Puts the tensors in order; called once, by the constructor.
  /// Errors   kCorruption when a name comes twice or a shape has more elements than checked_elements() accepts.
  void set_tensors(std::vector<StoredTensor> tensors);

  /// Another name by which find() knows tensors()[index]; one that stands for two stands for none.
  void add_alias(const std::string& name, std::size_t index);

  std::size_t index_of(const StoredTensor& tensor) const;  // tensor is one of tensors()

  /// As read_elements(), whose checks are done.
  virtual void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                           const ElementSink& sink) = 0;

  [[noreturn]] void corrupt(const StoredTensor& tensor, const std::string& what) const;

 private:
  static constexpr std::size_t kAmbiguous = SIZE_MAX;

  std::string format_;
  std::string path_;
  std::vector<std::string> notes_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> aliases_;
};

struct TensorFileOptions {
  /// A name of TensorFile::format(), or "auto": what the content is.
  std::string format = "auto";
};

/// Opens any source of named tensors: what it is is seen from the content, not from the name.
///
/// `path` is a file, a directory (a run; a TensorFlow model directory, whose `checkpoint` file says which; a
/// SavedModel), the manifest of one of a run's checkpoints, the prefix of a TensorFlow checkpoint, one of its files, or
/// a pattern of prefixes (find_checkpoint.h). Patterns mean the checkpoints that a run kept too, by the names of their
/// files or by TensorFlow's: "london/*-000120*", "london/*ckpt-120*"; the newest of several.
/// Errors   kIo when there is nothing, kNotSupported when it is none of the known formats, else as TensorFile.
std::unique_ptr<TensorFile> open_tensor_file(const std::string& path, const TensorFileOptions& options = {});

}  // namespace kin
