#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kinspace/formats/tensor_file.h"

// The sources of open_tensor_file() other than TensorFlow's. Errors and limits: as TensorFile.

namespace kin::internal {

/// What a NumPy file or a file of an archive says in front of its values.
struct NpyHeader {
  StoredTensor tensor;   ///< without a name; kOther for a type that is not read, such as big-endian numbers
  bool fortran = false;  ///< columns first, where that makes a difference
  std::uint64_t data_start = 0;
};

/// Gives bytes [offset, offset + bytes) of a file; throws when they are not there.
using ByteReader = std::function<std::string(std::uint64_t offset, std::uint64_t bytes)>;

/// Reads a header of version 1 to 3 and compares shape and type with `file_bytes`.
NpyHeader read_npy_header(const ByteReader& read, std::uint64_t file_bytes, const std::string& where);

/// One tensor named "array".
std::unique_ptr<TensorFile> open_npy(const std::string& path);

/// Stored and deflated files; each is named without ".npy". Checksums are compared when an array is first read.
std::unique_ptr<TensorFile> open_npz(const std::string& path);

std::unique_ptr<TensorFile> open_safetensors(const std::string& path);

/// The tensors of a run's manifest (model.json, or checkpoint.json where there is no model or `manifest` says so);
/// tokens are the vocabulary of the column before the '/' of a name, for tables with a row for each key and at most one
/// more.
std::unique_ptr<TensorFile> open_run(const std::string& directory, std::string_view manifest);

/// word2vec, word2vec-bin, glove or csv, as `format` says: one tensor named "vectors".
std::unique_ptr<TensorFile> open_word_vectors(const std::string& path, std::string_view format);

/// Which of these four the start of a file looks like; empty when none.
std::string_view sniff_word_vectors(const std::string& path);

}  // namespace kin::internal
