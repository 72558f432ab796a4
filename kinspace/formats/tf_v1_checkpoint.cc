#include "kinspace/formats/tf_v1_checkpoint.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/internal/tensor_proto.h"
#include "kinspace/formats/proto_wire.h"

namespace kin {
namespace {

// Prefixes shared by keys could make a small table unfold without end.
constexpr std::uint64_t kNameRoom = std::uint64_t{56} << 20;
constexpr std::uint64_t kEntryCost = 400;  // of what is kept for a name, all in all

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw Error::corruption(fmt::format("{}: {}", where, what), "the file is damaged; copy it again");
}

/// The bytes of field `number` of a message; empty when it has none.
std::string_view bytes_field(std::string_view proto, std::uint32_t number, const std::string& where) {
  std::string_view found;
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (field->is(number, WireType::kBytes)) found = field->bytes;
  }
  if (reader.damaged()) refuse(where, "an entry is damaged");
  return found;
}

}  // namespace

/// What the files say, by name.
struct TfV1Checkpoint::Lines {
  struct Line {
    StoredTensor tensor;
    std::vector<Part> parts;
  };
  std::map<std::string, Line, std::less<>> tensors;
  std::uint64_t room = kNameRoom;
};

TfV1Checkpoint::TfV1Checkpoint(const std::string& name, const std::vector<std::string>& files)
    : TensorFile("tf-v1-checkpoint", name) {
  Lines lines;
  for (const std::string& file : files) {
    files_.push_back(std::make_unique<SstableReader>(file));
    lines.room += files_.back()->bytes();
    read_file(files_.size() - 1, lines);
  }
  std::vector<StoredTensor> tensors;
  for (auto& [key, line] : lines.tensors) {
    std::vector<TensorSlice> boxes;
    for (const Part& part : line.parts) boxes.push_back(part.slice);
    const std::string wrong = check_tensor_slices(boxes, line.tensor.shape);
    if (!wrong.empty()) refuse(name, fmt::format("tensor {}: {}", kin::quoted(key), wrong));
    tensors.push_back(std::move(line.tensor));
    parts_.push_back(std::move(line.parts));
  }
  set_tensors(std::move(tensors));  // a map's order is theirs
}

void TfV1Checkpoint::read_meta(std::string_view proto, const std::string& where, Lines& lines) const {
  ProtoReader reader(proto);
  while (const auto field = reader.next()) {
    if (!field->is(1, WireType::kBytes)) continue;
    StoredTensor tensor;
    tensor.type = StoredType::kOther;
    ProtoReader meta(field->bytes);
    while (const auto part = meta.next()) {
      if (part->is(1, WireType::kBytes)) tensor.name = part->bytes;
      if (part->is(3, WireType::kVarint)) tensor.type = stored_type_of_tf(part->value);
      if (!part->is(2, WireType::kBytes)) continue;
      auto shape = parse_tensor_shape(part->bytes);
      if (!shape || !checked_elements(*shape)) {
        refuse(where, fmt::format("the shape of tensor {} is damaged", kin::quoted(tensor.name)));
      }
      tensor.shape = *std::move(shape);
    }
    if (meta.damaged()) refuse(where, "its list of tensors is damaged");
    const auto [at, added] = lines.tensors.try_emplace(tensor.name);
    if (!added && (at->second.tensor.type != tensor.type || at->second.tensor.shape != tensor.shape)) {
      refuse(where, fmt::format("tensor {} is described in two ways", kin::quoted(tensor.name)));
    }
    at->second.tensor = std::move(tensor);
  }
  if (reader.damaged()) refuse(where, "its list of tensors is damaged");
}

void TfV1Checkpoint::read_file(std::size_t file, Lines& lines) const {
  SstableReader& table = *files_[file];
  bool meta = false;
  std::string last;
  for (std::size_t block = 0; block < table.blocks(); ++block) {
    const std::string& bytes = table.block(block);
    visit_sstable_block(bytes, table.path(), [&](std::string_view key, std::string_view value) {
      if (meta == key.empty() || (meta && key <= last)) {
        refuse(table.path(), "it does not begin with a list of tensors, or its keys do not rise");
      }
      last = key;
      if (!meta) {
        meta = true;
        read_meta(bytes_field(value, 1, table.path()), table.path(), lines);
        return;
      }
      const std::string_view data = bytes_field(value, 2, table.path());
      const std::string_view name = bytes_field(data, 1, table.path());
      const auto slice = parse_tensor_slice(bytes_field(data, 2, table.path()));
      const auto found = lines.tensors.find(name);
      const auto resolved =
          slice && found != lines.tensors.end() ? resolve_tensor_slice(*slice, found->second.tensor.shape) : slice;
      if (found == lines.tensors.end() || !resolved) {
        refuse(table.path(), fmt::format("a slice of {} belongs to no tensor of its list", kin::quoted(name)));
      }
      if (slice_elements(*resolved) >
          static_cast<std::int64_t>(data.size()) / internal::least_proto_bytes(found->second.tensor.type)) {
        refuse(table.path(), fmt::format("a slice of {} has more elements than bytes", kin::quoted(name)));
      }
      const std::uint64_t cost = kEntryCost + 2 * key.size() + 16 * resolved->extents.size();
      if (cost > lines.room) {
        throw Error::resource_limit(fmt::format("{}: its slices take more memory than its size allows", table.path()));
      }
      lines.room -= cost;
      const auto begin = static_cast<std::size_t>(value.data() - bytes.data());
      found->second.parts.push_back({*resolved, file, block, begin, value.size()});
    });
  }
  if (!meta) refuse(table.path(), "it has no list of tensors");
}

std::string_view TfV1Checkpoint::values_of(const Part& part) const {
  SstableReader& table = *files_[part.file];
  const std::string_view value = std::string_view(table.block(part.block)).substr(part.begin, part.bytes);
  return bytes_field(bytes_field(value, 2, table.path()), 3, table.path());
}

void TfV1Checkpoint::read_stored(const StoredTensor& tensor, std::int64_t first, std::int64_t count,
                                 const ElementSink& sink) {
  const std::size_t width = stored_type_bytes(tensor.type);
  const auto give = [&](const Part& part, std::int64_t at, std::string_view bytes) {
    const std::int64_t all = slice_elements(part.slice);
    while (!bytes.empty() && at < all) {
      const SliceRun run = slice_run_at(part.slice, tensor.shape, at);
      const std::int64_t here = std::min(run.count, static_cast<std::int64_t>(bytes.size() / width));
      const std::int64_t skip = std::max<std::int64_t>(0, first - run.in_tensor);
      const std::int64_t end = std::min(here, first + count - run.in_tensor);
      if (skip < end) {
        sink(run.in_tensor + skip,
             bytes.substr(static_cast<std::size_t>(skip) * width, static_cast<std::size_t>(end - skip) * width));
      }
      bytes.remove_prefix(static_cast<std::size_t>(here) * width);
      at += here;
    }
  };
  for (const Part& part : parts_[index_of(tensor)]) {
    const std::int64_t got = internal::visit_tensor_proto(
        values_of(part), tensor.type, [&](std::int64_t at, std::string_view bytes) { give(part, at, bytes); });
    if (got != slice_elements(part.slice)) {
      corrupt(tensor, fmt::format("a slice of {} elements has {} values", slice_elements(part.slice), got));
    }
  }
}

std::vector<std::string> TfV1Checkpoint::read_strings(const StoredTensor& tensor) {
  if (tensor.type != StoredType::kString) return TensorFile::read_strings(tensor);
  std::vector<std::pair<const Part*, std::vector<std::string>>> slices;
  for (const Part& part : parts_[index_of(tensor)]) {
    auto& own = slices.emplace_back(&part, std::vector<std::string>()).second;
    if (!internal::tensor_proto_strings(values_of(part), own) ||
        static_cast<std::int64_t>(own.size()) != slice_elements(part.slice)) {
      corrupt(tensor, fmt::format("a slice of {} strings is damaged", slice_elements(part.slice)));
    }
  }
  // Now as many are there as the shape says.
  std::vector<std::string> all(static_cast<std::size_t>(tensor.elements()));
  for (auto& slice : slices) {
    const Part* const part = slice.first;
    auto& own = slice.second;  // a binding could not be captured
    visit_slice_runs(part->slice, tensor.shape, 0, tensor.elements(), [&](const SliceRun& run) {
      std::move(own.begin() + run.in_slice, own.begin() + run.in_slice + run.count, all.begin() + run.in_tensor);
    });
  }
  return all;
}

}  // namespace kin
