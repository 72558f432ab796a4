#include "kinspace/formats/tf_bundle.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "kinspace/base/crc32c.h"
#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/proto_wire.h"

namespace kin {
namespace {

constexpr std::uint64_t kMaxShards = 99'999;  // five digits in the names of the files
// Prefixes shared by keys could make a small index unfold without end.
constexpr std::uint64_t kNameRoom = std::uint64_t{56} << 20;
constexpr std::uint64_t kEntryCost = 400;  // of what is kept for a name, all in all

}  // namespace

std::string tf_index_path(const std::string& prefix) {
  return prefix + ".index";
}

std::string tf_data_path(const std::string& prefix, std::uint64_t shard, std::uint64_t shards) {
  return fmt::format("{}.data-{:05}-of-{:05}", prefix, shard, shards);
}

/// The index as it is read: tensors under their names, slices under their keys.
struct TfBundle::IndexLines {
  struct Line {
    Entry entry;
    std::vector<TensorSlice> slices;
  };
  std::map<std::string, Line> tensors;
  std::map<std::string, Entry> slices;
};

TfBundle::TfBundle(const std::string& prefix) : TensorFile("tf-checkpoint", prefix) {
  read_index();
  shards_.resize(static_cast<std::size_t>(num_shards_));
  read_graph();
}

void TfBundle::read_index() {
  SstableReader index(tf_index_path(path()));
  IndexLines lines;
  bool header = false;
  std::string last;
  std::uint64_t room = kNameRoom + index.bytes();
  for (std::size_t block = 0; block < index.blocks(); ++block) {
    index.visit(block, [&](std::string_view key, std::string_view value) {
      if (header && key <= last) throw Error::corruption(fmt::format("{}: its keys do not rise", index.path()));
      if (!header && !key.empty()) {
        throw Error::corruption(fmt::format("{}: it does not begin with the header of a checkpoint", index.path()));
      }
      last = key;
      if (!header) {
        read_header(value);
        header = true;
        return;
      }
      const std::uint64_t cost = kEntryCost + 2 * key.size() + 4 * value.size();
      if (cost > room) {
        throw Error::resource_limit(fmt::format("{}: its names take more memory than its size allows", index.path()));
      }
      room -= cost;
      std::string name(key);
      if (key.front() == '\0') {
        const Entry entry = parse_entry(value, name, nullptr);
        check_size(entry, name);
        lines.slices.emplace(std::move(name), entry);
        return;
      }
      IndexLines::Line line;
      line.entry = parse_entry(value, name, &line.slices);
      if (line.slices.empty()) check_size(line.entry, name);
      lines.tensors.emplace(std::move(name), std::move(line));
    });
  }
  if (!header) throw Error::corruption(fmt::format("{} is empty: a checkpoint has a header", index.path()));

  std::vector<StoredTensor> tensors;
  for (auto& [name, line] : lines.tensors) {
    Stored stored;
    std::vector<TensorSlice> boxes;
    for (const TensorSlice& slice : line.slices) {
      const auto entry = lines.slices.find(tensor_slice_key(name, slice));
      if (entry == lines.slices.end()) refuse(name, "a slice of it is missing");
      const auto resolved = resolve_tensor_slice(slice, line.entry.shape);
      if (!resolved) refuse(name, "a slice does not lie in it");
      const Entry& part = entry->second;
      if (part.type != line.entry.type || slice_elements(*resolved) != checked_elements(part.shape)) {
        refuse(name, "a slice has another type or shape than its place");
      }
      boxes.push_back(*resolved);
      stored.parts.push_back({*resolved, part});
    }
    if (!boxes.empty()) {
      const std::string wrong = check_tensor_slices(boxes, line.entry.shape);
      if (!wrong.empty()) refuse(name, wrong);
    }
    tensors.push_back({name, line.entry.type, line.entry.shape});
    stored.entry = std::move(line.entry);
    stored_.push_back(std::move(stored));
  }
  set_tensors(std::move(tensors));  // a map's order is theirs
}

void TfBundle::read_header(std::string_view proto) {
  const std::string where = tf_index_path(path());
  std::uint64_t min_consumer = 0;
  std::uint64_t endianness = 0;
  ProtoReader reader(proto);
  bool whole = true;
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kVarint)) num_shards_ = field->value;
    if (field->is(2, WireType::kVarint)) endianness = field->value;
    if (!field->is(3, WireType::kBytes)) continue;
    ProtoReader version(field->bytes);
    while (const auto part = version.next()) {
      if (part->is(2, WireType::kVarint)) min_consumer = part->value;
    }
    whole = whole && !version.damaged();
  }
  if (reader.damaged() || !whole || num_shards_ > kMaxShards) {
    throw Error::corruption(fmt::format("{}: its header is damaged", where), "the file is damaged; copy it again");
  }
  if (endianness != 0) {
    throw Error::not_supported(fmt::format("{}: a checkpoint of a big-endian machine", where),
                               "load and save it with TensorFlow on a little-endian machine");
  }
  if (min_consumer > 1) {
    throw Error::not_supported(fmt::format("{}: it asks for readers of version {} or later", where, min_consumer));
  }
}

TfBundle::Entry TfBundle::parse_entry(std::string_view proto, const std::string& name,
                                      std::vector<TensorSlice>* slices) const {
  Entry entry;
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (field->is(1, WireType::kVarint)) entry.type = stored_type_of_tf(field->value);
    if (field->is(3, WireType::kVarint)) entry.shard = field->value;
    if (field->is(4, WireType::kVarint)) entry.offset = field->value;
    if (field->is(5, WireType::kVarint)) entry.size = field->value;
    if (field->is(6, WireType::kFixed32)) entry.checksum = static_cast<std::uint32_t>(field->value);
    if (field->is(2, WireType::kBytes)) {
      auto shape = parse_tensor_shape(field->bytes);
      if (!shape || !checked_elements(*shape)) refuse(name, "its shape is damaged");
      entry.shape = *std::move(shape);
    }
    if (field->is(7, WireType::kBytes) && slices != nullptr) {
      auto slice = parse_tensor_slice(field->bytes);
      if (!slice) refuse(name, "a slice of it is damaged");
      slices->push_back(*std::move(slice));
    }
  }
  if (reader.damaged()) refuse(name, "its entry is damaged");
  return entry;
}

void TfBundle::check_size(const Entry& entry, const std::string& name) const {
  if (entry.shard >= num_shards_) {
    refuse(name, fmt::format("it lies in data file {} of {}", entry.shard, num_shards_));
  }
  const std::uint64_t width = stored_type_bytes(entry.type);
  const auto elements = static_cast<std::uint64_t>(checked_elements(entry.shape).value_or(0));
  if (width > 0 && entry.size != width * elements) {
    refuse(name,
           fmt::format("it has {} bytes and {} elements of {}", entry.size, elements, stored_type_name(entry.type)));
  }
  // A length of at least one byte for each.
  if (entry.type == StoredType::kString && entry.size < elements) {
    refuse(name, fmt::format("{} strings cannot stand in {} bytes", elements, entry.size));
  }
}

void TfBundle::read_graph() {
  const StoredTensor* tensor = find(kObjectGraphTensor);
  if (tensor == nullptr || tensor->type != StoredType::kString || tensor->elements() != 1) return;
  graph_ =
      parse_object_graph(read_strings(*tensor).front(), fmt::format("{}: tensor '{}'", path(), kObjectGraphTensor));
  for (const ObjectGraphNode& node : graph_) {
    for (const ObjectGraphNode::Attribute& attribute : node.attributes) {
      const StoredTensor* value = find(attribute.checkpoint_key);
      if (value == nullptr) continue;  // an object that keeps its value elsewhere
      const std::size_t index = index_of(*value);
      add_alias(attribute.full_name, index);
      const std::string_view key = attribute.checkpoint_key;
      if (key.ends_with(kVariableValueSuffix)) {
        add_alias(std::string(key.substr(0, key.size() - kVariableValueSuffix.size())), index);
      }
    }
  }
}

WindowFile& TfBundle::shard(const Entry& entry, const std::string& name) {
  auto& file = shards_[static_cast<std::size_t>(entry.shard)];
  if (file == nullptr) {
    const std::string data = tf_data_path(path(), entry.shard, num_shards_);
    if (!file_exists(data)) {
      throw Error::corruption(fmt::format("{} is missing, which has tensor {}", data, kin::quoted(name)),
                              fmt::format("copy it beside {}", tf_index_path(path())));
    }
    file = std::make_unique<WindowFile>(data);
  }
  if (entry.offset > file->size() || entry.size > file->size() - entry.offset) {
    throw Error::corruption(fmt::format("{} has {} bytes; tensor {} is bytes {} to {}", file->path(), file->size(),
                                        kin::quoted(name), entry.offset, entry.offset + entry.size),
                            "the file was cut short; copy it again");
  }
  return *file;
}

void TfBundle::stream(Entry& entry, const std::string& name, std::uint64_t begin, std::uint64_t bytes,
                      const std::function<void(std::uint64_t at, std::string_view)>& take) {
  WindowFile& file = shard(entry, name);
  const bool whole = begin == 0 && bytes == entry.size;
  const auto pass = [&](std::uint64_t from, std::uint64_t count, bool give) {
    std::uint32_t sum = 0;
    for (std::uint64_t at = from; at < from + count;) {
      const std::string_view piece = file.some(entry.offset + at, from + count - at);
      if (!entry.verified) sum = crc32c(piece, sum);
      if (give) take(at, piece);
      at += piece.size();
    }
    if (!entry.verified && mask_crc32c(sum) != entry.checksum) {
      throw Error::corruption(fmt::format("{}: bytes {} to {}, tensor {}, do not match their checksum", file.path(),
                                          entry.offset, entry.offset + entry.size, kin::quoted(name)),
                              "the file is damaged; copy it again");
    }
    entry.verified = true;
  };
  if (!entry.verified && !whole) pass(0, entry.size, false);
  pass(begin, bytes, true);
}

void TfBundle::read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                           const ElementSink& sink) {
  Stored& stored = stored_[index_of(tensor)];
  const std::uint64_t width = stored_type_bytes(tensor.type);
  // Pieces of the file may cut an element in two.
  std::string cut;
  const auto read = [&](Entry& entry, std::int64_t from, std::int64_t to_first, std::int64_t elements) {
    cut.clear();
    stream(entry, tensor.name, static_cast<std::uint64_t>(from) * width, static_cast<std::uint64_t>(elements) * width,
           [&](std::uint64_t at, std::string_view piece) {
             std::int64_t element = to_first + static_cast<std::int64_t>(at / width) - from;
             if (!cut.empty()) {
               const std::size_t missing = std::min<std::size_t>(width - cut.size(), piece.size());
               cut.append(piece.substr(0, missing));
               piece.remove_prefix(missing);
               if (cut.size() < width) return;
               sink(element++, cut);
               cut.clear();
             }
             const std::size_t whole = piece.size() / width * width;
             if (whole > 0) sink(element, piece.substr(0, whole));
             cut.assign(piece.substr(whole));
           });
  };
  if (stored.parts.empty()) {
    read(stored.entry, first, first, count);
    return;
  }
  for (Part& part : stored.parts) {
    visit_slice_runs(part.slice, tensor.shape, first, count,
                     [&](const SliceRun& run) { read(part.entry, run.in_slice, run.in_tensor, run.count); });
  }
}

std::vector<std::string> TfBundle::strings_of(Entry& entry, const std::string& name) {
  WindowFile& file = shard(entry, name);
  const auto count = static_cast<std::size_t>(checked_elements(entry.shape).value_or(0));
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(entry.size));
  while (bytes.size() < entry.size) bytes.append(file.some(entry.offset + bytes.size(), entry.size - bytes.size()));

  const auto damaged = [&](const std::string& what) {
    throw Error::corruption(fmt::format("{}: bytes {} to {}, tensor {}: {}", file.path(), entry.offset,
                                        entry.offset + entry.size, kin::quoted(name), what),
                            "the file is damaged; copy it again");
  };
  std::string_view rest = bytes;
  std::vector<std::uint64_t> lengths;
  lengths.reserve(count);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto length = take_varint(rest);
    if (!length) damaged("the lengths of its strings are damaged");
    lengths.push_back(*length);
    // Summed as a number of 4 bytes, not as it is written; of 8 where it needs them.
    const std::size_t width = *length > UINT32_MAX ? 8 : 4;
    sum = crc32c({reinterpret_cast<const char*>(&lengths.back()), width}, sum);
  }
  if (rest.size() < 4) damaged("it is too short");
  std::uint32_t stored = 0;
  std::memcpy(&stored, rest.data(), sizeof stored);
  if (mask_crc32c(sum) != stored) damaged("the lengths of its strings do not match their checksum");
  if (mask_crc32c(crc32c(rest, sum)) != entry.checksum) damaged("its strings do not match their checksum");
  rest.remove_prefix(sizeof stored);
  std::vector<std::string> strings;
  strings.reserve(count);
  for (const std::uint64_t length : lengths) {
    if (length > rest.size()) damaged("its strings are longer than it is");
    strings.emplace_back(rest.substr(0, static_cast<std::size_t>(length)));
    rest.remove_prefix(strings.back().size());
  }
  if (!rest.empty()) damaged("bytes follow its strings");
  return strings;
}

std::vector<std::string> TfBundle::read_strings(const StoredTensor& tensor) {
  if (tensor.type != StoredType::kString) return TensorFile::read_strings(tensor);
  Stored& stored = stored_[index_of(tensor)];
  if (stored.parts.empty()) return strings_of(stored.entry, tensor.name);
  std::vector<std::string> all(static_cast<std::size_t>(tensor.elements()));
  for (Part& part : stored.parts) {
    std::vector<std::string> own = strings_of(part.entry, tensor.name);
    visit_slice_runs(part.slice, tensor.shape, 0, tensor.elements(), [&](const SliceRun& run) {
      std::move(own.begin() + run.in_slice, own.begin() + run.in_slice + run.count, all.begin() + run.in_tensor);
    });
  }
  return all;
}

void TfBundle::refuse(const std::string& name, const std::string& what) const {
  throw Error::corruption(fmt::format("{}: tensor {}: {}", tf_index_path(path()), kin::quoted(name), what),
                          "the file is damaged; copy it again");
}

}  // namespace kin
