#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kin {

/// The tensor of a TensorFlow 2 checkpoint that holds its object graph: a string scalar.
inline constexpr std::string_view kObjectGraphTensor = "_CHECKPOINTABLE_OBJECT_GRAPH";
inline constexpr std::string_view kVariableValueSuffix = "/.ATTRIBUTES/VARIABLE_VALUE";

/// An object that tf.train.Checkpoint saved.
struct ObjectGraphNode {
  struct Attribute {
    std::string name;            ///< "VARIABLE_VALUE"
    std::string full_name;       ///< of the variable where it was made: "embedding/embeddings"
    std::string checkpoint_key;  ///< of its tensor: "model/layer-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE"
  };
  struct Slot {
    std::uint64_t original = 0;  ///< node of the variable
    std::string name;            ///< "accumulator"
    std::uint64_t variable = 0;  ///< node of its slot variable
  };
  std::vector<std::pair<std::string, std::uint64_t>> children;  ///< name -> node
  std::vector<Attribute> attributes;
  std::vector<Slot> slots;
};

/// Reads a TrackableObjectGraph; node 0 is the root.
///
/// Errors   kCorruption naming `where`, also when a child or slot names a node that is not there.
/// Memory   a small multiple of `proto`.
std::vector<ObjectGraphNode> parse_object_graph(std::string_view proto, const std::string& where);

}  // namespace kin
