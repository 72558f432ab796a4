#include "kinspace/formats/tf_object_graph.h"

#include <fmt/core.h>

#include "kinspace/base/error.h"
#include "kinspace/formats/proto_wire.h"

namespace kin {
namespace {

/// Gives every field of a message to `take`; false when it is damaged.
template <class Take>
bool each_field(std::string_view proto, Take take) {
  ProtoReader reader(proto);
  bool whole = true;
  while (const auto field = reader.next()) whole = take(*field) && whole;
  return whole && !reader.damaged();
}

bool parse_child(std::string_view proto, ObjectGraphNode& node) {
  auto& child = node.children.emplace_back();
  return each_field(proto, [&](const ProtoField& field) {
    if (field.is(1, WireType::kVarint)) child.second = field.value;
    if (field.is(2, WireType::kBytes)) child.first = field.bytes;
    return true;
  });
}

bool parse_attribute(std::string_view proto, ObjectGraphNode& node) {
  ObjectGraphNode::Attribute& attribute = node.attributes.emplace_back();
  return each_field(proto, [&](const ProtoField& field) {
    if (field.is(1, WireType::kBytes)) attribute.name = field.bytes;
    if (field.is(2, WireType::kBytes)) attribute.full_name = field.bytes;
    if (field.is(3, WireType::kBytes)) attribute.checkpoint_key = field.bytes;
    return true;
  });
}

bool parse_slot(std::string_view proto, ObjectGraphNode& node) {
  ObjectGraphNode::Slot& slot = node.slots.emplace_back();
  return each_field(proto, [&](const ProtoField& field) {
    if (field.is(1, WireType::kVarint)) slot.original = field.value;
    if (field.is(2, WireType::kBytes)) slot.name = field.bytes;
    if (field.is(3, WireType::kVarint)) slot.variable = field.value;
    return true;
  });
}

bool parse_node(std::string_view proto, ObjectGraphNode& node) {
  return each_field(proto, [&](const ProtoField& field) {
    if (field.type != WireType::kBytes) return true;
    if (field.number == 1) return parse_child(field.bytes, node);
    if (field.number == 2) return parse_attribute(field.bytes, node);
    if (field.number == 3) return parse_slot(field.bytes, node);
    return true;
  });
}

}  // namespace

std::vector<ObjectGraphNode> parse_object_graph(std::string_view proto, const std::string& where) {
  std::vector<ObjectGraphNode> nodes;
  const bool whole = each_field(proto, [&](const ProtoField& field) {
    return !field.is(1, WireType::kBytes) || parse_node(field.bytes, nodes.emplace_back());
  });
  if (!whole) throw Error::corruption(fmt::format("{}: it is no object graph", where));
  const auto known = [&](std::uint64_t node) {
    if (node >= nodes.size()) {
      throw Error::corruption(fmt::format("{}: it names node {} of {}", where, node, nodes.size()));
    }
  };
  for (const ObjectGraphNode& node : nodes) {
    for (const auto& [name, child] : node.children) known(child);
    for (const ObjectGraphNode::Slot& slot : node.slots) {
      known(slot.original);
      known(slot.variable);
    }
  }
  return nodes;
}

}  // namespace kin
