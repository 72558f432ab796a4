#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/formats/sstable.h"
#include "kinspace/formats/tensor_file.h"
#include "kinspace/formats/tf_object_graph.h"
#include "kinspace/formats/tf_slices.h"
#include "kinspace/formats/window_file.h"

namespace kin {

/// A TensorFlow checkpoint in the V2 format, a "tensor bundle": PREFIX.index and PREFIX.data-00000-of-00001 … .
///
/// The index is read and checked when the file is opened, the checksum of a tensor when it is first read, data files
/// when a tensor of theirs is. Partitioned variables are one tensor, those of strings too.
/// Errors   as TensorFile; kNotSupported also for a big-endian checkpoint.
/// Source   tensorflow/core/util/tensor_bundle and protobuf/tensor_bundle.proto; docs/formats/tf-checkpoint.md.
class TfBundle final : public TensorFile {
 public:
  explicit TfBundle(const std::string& prefix);

  std::vector<std::string> read_strings(const StoredTensor& tensor) override;

  /// Of a TensorFlow 2 checkpoint; empty for those of a Saver.
  const std::vector<ObjectGraphNode>& object_graph() const noexcept { return graph_; }

 private:
  /// Where the bytes of a tensor or slice are.
  struct Entry {
    StoredType type = StoredType::kOther;
    std::vector<std::int64_t> shape;
    std::uint64_t shard = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint32_t checksum = 0;
    bool verified = false;
  };
  struct Part {
    TensorSlice slice;  ///< resolved
    Entry entry;
  };
  struct Stored {
    Entry entry;
    std::vector<Part> parts;  ///< of a partitioned variable, whose own entry has no bytes
  };
  struct IndexLines;

  void read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override;
  void read_index();
  void read_header(std::string_view proto);
  Entry parse_entry(std::string_view proto, const std::string& name, std::vector<TensorSlice>* slices) const;
  void check_size(const Entry& entry, const std::string& name) const;
  void read_graph();
  WindowFile& shard(const Entry& entry, const std::string& name);
  /// Gives `take` the bytes [begin, begin + bytes) of the entry, and compares its checksum the first time.
  void stream(Entry& entry, const std::string& name, std::uint64_t begin, std::uint64_t bytes,
              const std::function<void(std::uint64_t at, std::string_view)>& take);
  std::vector<std::string> strings_of(Entry& entry, const std::string& name);
  [[noreturn]] void refuse(const std::string& name, const std::string& what) const;

  std::uint64_t num_shards_ = 0;
  std::vector<Stored> stored_;  ///< parallel to tensors()
  std::vector<std::unique_ptr<WindowFile>> shards_;
  std::vector<ObjectGraphNode> graph_;
};

/// "PREFIX.index", "PREFIX.data-00003-of-00008".
std::string tf_index_path(const std::string& prefix);
std::string tf_data_path(const std::string& prefix, std::uint64_t shard, std::uint64_t shards);

}  // namespace kin
