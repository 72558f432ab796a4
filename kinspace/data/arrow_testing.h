#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/data/arrow.h"

namespace kin {

/// An Arrow array with its type, written by hand; it is exported as it stands, also where it contradicts itself.
struct TestArray {
  using Bytes = std::vector<std::uint8_t>;

  std::string format;
  std::int64_t length = 0;
  std::vector<std::optional<Bytes>> buffers = {};
  std::vector<TestArray> children = {};
  std::int64_t offset = 0;
  std::int64_t null_count = -1;
  std::string name = {};
  std::shared_ptr<TestArray> dictionary = {};
};

template <class Value>
TestArray::Bytes bytes_of(const std::vector<Value>& values) {
  TestArray::Bytes bytes(values.size() * sizeof(Value));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
inline TestArray::Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}
/// Bits from text such as "1101", the first one first.
inline TestArray::Bytes bits_of(const std::string& text) {
  TestArray::Bytes bytes(text.size() / 8 + 1);
  for (std::size_t i = 0; i < text.size(); ++i) bytes[i / 8] |= static_cast<std::uint8_t>((text[i] - '0') << (i % 8));
  return bytes;
}

namespace arrow_testing {

struct SchemaMemory {
  std::string format, name;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> pointers;
  std::unique_ptr<ArrowSchema> dictionary;
};

struct ArrayMemory {
  std::vector<std::unique_ptr<std::uint64_t[]>> buffers;  // aligned to any value
  std::vector<const void*> buffer_pointers;
  std::vector<std::unique_ptr<ArrowArray>> children;
  std::vector<ArrowArray*> pointers;
  std::unique_ptr<ArrowArray> dictionary;
};

template <class Memory, class Struct>
void release(Struct* exported) {
  auto* memory = static_cast<Memory*>(exported->private_data);
  for (auto& child : memory->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  if (memory->dictionary && memory->dictionary->release != nullptr) {
    memory->dictionary->release(memory->dictionary.get());
  }
  delete memory;
  exported->release = nullptr;
}

}  // namespace arrow_testing

inline void export_schema(const TestArray& array, ArrowSchema* out) {
  auto memory = std::make_unique<arrow_testing::SchemaMemory>();
  memory->format = array.format;
  memory->name = array.name;
  for (const TestArray& child : array.children) {
    memory->children.push_back(std::make_unique<ArrowSchema>());
    export_schema(child, memory->children.back().get());
    memory->pointers.push_back(memory->children.back().get());
  }
  if (array.dictionary) {
    memory->dictionary = std::make_unique<ArrowSchema>();
    export_schema(*array.dictionary, memory->dictionary.get());
  }
  *out = {};
  out->format = memory->format.c_str();
  out->name = memory->name.c_str();
  out->flags = ARROW_FLAG_NULLABLE;
  out->n_children = static_cast<std::int64_t>(memory->pointers.size());
  out->children = memory->pointers.data();
  out->dictionary = memory->dictionary.get();
  out->release = arrow_testing::release<arrow_testing::SchemaMemory, ArrowSchema>;
  out->private_data = memory.release();
}

inline void export_array(const TestArray& array, ArrowArray* out) {
  auto memory = std::make_unique<arrow_testing::ArrayMemory>();
  for (const auto& buffer : array.buffers) {
    if (!buffer) {
      memory->buffer_pointers.push_back(nullptr);
      continue;
    }
    // Not a byte longer than it must be, so that a sanitizer sees every read beyond.
    const std::size_t words = (buffer->size() + 7) / 8, slack = words * 8 - buffer->size();
    memory->buffers.push_back(std::make_unique<std::uint64_t[]>(words == 0 ? 1 : words));
    auto* start = reinterpret_cast<std::uint8_t*>(memory->buffers.back().get());
    if (!buffer->empty()) std::memcpy(start, buffer->data(), buffer->size());
    if (slack > 0) std::memset(start + buffer->size(), 0xEE, slack);
    memory->buffer_pointers.push_back(start);
  }
  for (const TestArray& child : array.children) {
    memory->children.push_back(std::make_unique<ArrowArray>());
    export_array(child, memory->children.back().get());
    memory->pointers.push_back(memory->children.back().get());
  }
  if (array.dictionary) {
    memory->dictionary = std::make_unique<ArrowArray>();
    export_array(*array.dictionary, memory->dictionary.get());
  }
  *out = {};
  out->length = array.length;
  out->null_count = array.null_count;
  out->offset = array.offset;
  out->n_buffers = static_cast<std::int64_t>(memory->buffer_pointers.size());
  out->n_children = static_cast<std::int64_t>(memory->pointers.size());
  out->buffers = memory->buffer_pointers.data();
  out->children = memory->pointers.data();
  out->dictionary = memory->dictionary.get();
  out->release = arrow_testing::release<arrow_testing::ArrayMemory, ArrowArray>;
  out->private_data = memory.release();
}

/// A stream of batches, each a struct of columns; `fail_at`: the batch in whose place it fails, -1: never.
inline ArrowArrayStream export_stream(std::vector<TestArray> batches, int fail_at = -1) {
  struct State {
    std::vector<TestArray> batches;
    int fail_at;
    int next = 0;
  };
  ArrowArrayStream stream{};
  stream.private_data = new State{std::move(batches), fail_at};
  stream.get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
    export_schema(static_cast<State*>(self->private_data)->batches.at(0), out);
    return 0;
  };
  stream.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
    auto* state = static_cast<State*>(self->private_data);
    if (state->next == state->fail_at) return 5;
    *out = {};
    const auto at = static_cast<std::size_t>(state->next++);
    if (at < state->batches.size()) export_array(state->batches[at], out);
    return 0;
  };
  stream.get_last_error = [](ArrowArrayStream*) { return "the cable is out"; };
  stream.release = [](ArrowArrayStream* self) {
    delete static_cast<State*>(self->private_data);
    self->release = nullptr;
  };
  return stream;
}

/// A batch whose columns are the arrays, named a, b, c, ... where they have no name.
inline TestArray batch_of(std::vector<TestArray> columns) {
  TestArray batch{"+s", columns.empty() ? 0 : columns[0].length, {std::nullopt}};
  batch.null_count = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name.empty()) columns[i].name = std::string(1, static_cast<char>('a' + i));
  }
  batch.children = std::move(columns);
  return batch;
}

}  // namespace kin
