#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_slices.h"

namespace kin {

/// A TensorFlow checkpoint in the format before 2016: one table (or one for each shard of a Saver) with the tensors in
/// it, as protocol buffers.
///
/// All files are gone through once when opened, and their checksums compared.
/// Errors   as TensorFile; kCorruption also when the files do not make up whole tensors.
/// Source   tensorflow/core/util/saved_tensor_slice.proto, framework/tensor.proto; docs/formats/tf-checkpoint.md.
class TfV1Checkpoint final : public TensorFile {
 public:
  /// `name` is what messages call it.
  TfV1Checkpoint(const std::string& name, const std::vector<std::string>& files);

  std::vector<std::string> read_strings(const StoredTensor& tensor) override;

 private:
  /// A slice and where its value is within a block of a file.
  struct Part {
    TensorSlice slice;  ///< resolved
    std::size_t file = 0;
    std::size_t block = 0;
    std::size_t begin = 0;
    std::size_t bytes = 0;
  };
  struct Lines;

  void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override;
  void read_file(std::size_t file, Lines& lines) const;
  void read_meta(std::string_view proto, const std::string& where, Lines& lines) const;
  /// The TensorProto of a slice, borrowed until the next call.
  std::string_view values_of(const Part& part) const;

  std::vector<std::unique_ptr<SstableReader>> files_;
  std::vector<std::vector<Part>> parts_;  ///< parallel to tensors()
};

}  // namespace kin
