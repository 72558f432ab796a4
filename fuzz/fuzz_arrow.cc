#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/arrow_table.h"
#include "kinspace/data/arrow_testing.h"
#include "kinspace/data/arrow_type.h"

namespace {

// Takes the input apart; zeros behind its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  int byte() { return size_ == 0 ? 0 : (--size_, *data_++); }
  std::string text() {
    std::string text;
    for (int left = byte() % 12; left > 0; --left) text += static_cast<char>(byte());
    return text;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

constexpr const char* kFormats[] = {"n",  "b",   "c",    "C",      "s",      "S",        "i",   "I",
                                    "l",  "L",   "e",    "f",      "g",      "u",        "U",   "z",
                                    "vu", "w:3", "tdD",  "tdm",    "tss:",   "d:9,2,32", "+l",  "+L",
                                    "+s", "+m",  "+ud:", "d:38,0", "d:38,2", "+w:2",     "tin", "d:18,-3,64"};

// An array that may contradict itself in all that a reader can find out. What it cannot is kept true: buffers are as
// long as length and offset want them, and the bytes of strings as the offsets.
kin::TestArray array_of(Input& in, int depth) {
  kin::TestArray array;
  const int format = in.byte();
  array.format = format < 250 ? kFormats[static_cast<std::size_t>(format) % std::size(kFormats)] : in.text();
  array.name = std::string(1, static_cast<char>('a' + depth));
  array.length = in.byte() % 20;
  array.offset = in.byte() % 20;
  array.null_count = in.byte() % 24 - 2;
  const std::size_t slots = static_cast<std::size_t>(array.length + array.offset) + 1;
  const int buffers = in.byte() % 5, pattern = in.byte();
  for (int b = 0; b < buffers; ++b) {
    const int kind = in.byte();
    if (kind % 8 == 0) {
      array.buffers.emplace_back(std::nullopt);
      continue;
    }
    std::vector<std::uint8_t> bytes(slots * 16);
    for (std::size_t i = 0; i < bytes.size(); i += static_cast<std::size_t>(1 + pattern)) {
      bytes[i] = static_cast<std::uint8_t>(in.byte());
    }
    // Offsets and, in the third buffer, the bytes that they lead to.
    if (b == 1 && (array.format == "u" || array.format == "z")) {
      for (std::size_t i = 0; i < slots; ++i) {
        const auto offset = static_cast<std::int32_t>(bytes[i] % 16) + static_cast<std::int32_t>(i) - 1;
        std::memcpy(bytes.data() + 4 * i, &offset, 4);
      }
    }
    if (b == 1 && (array.format == "U" || array.format == "Z")) {
      for (std::size_t i = 0; i < slots; ++i) {
        const auto offset = static_cast<std::int64_t>(bytes[i] % 16) + static_cast<std::int64_t>(i) - 1;
        std::memcpy(bytes.data() + 8 * i, &offset, 8);
      }
    }
    array.buffers.emplace_back(std::move(bytes));
  }
  if (array.format.starts_with('v')) {  // lengths of the buffers behind the views
    std::vector<std::int64_t> lengths;
    for (std::size_t b = 2; b < array.buffers.size(); ++b) {
      lengths.push_back(array.buffers[b] ? static_cast<std::int64_t>(array.buffers[b]->size()) : 0);
    }
    if (lengths.size() > 1) {
      lengths.pop_back();
      array.buffers.back() = kin::bytes_of(lengths);
    }
  }
  if (depth < 3) {
    for (int children = in.byte() % 3; children > 0; --children) array.children.push_back(array_of(in, depth + 1));
    if (in.byte() % 8 == 1) array.dictionary = std::make_shared<kin::TestArray>(array_of(in, depth + 1));
  }
  return array;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  std::vector<kin::TestArray> columns;
  for (int i = in.byte() % 3; i >= 0; --i) columns.push_back(array_of(in, 0));
  kin::TestArray batch = kin::batch_of(std::move(columns));
  batch.offset = in.byte() % 4;
  const auto table_of = [&] {
    return kin::open_arrow_table({"fuzz", [&] { return kin::export_stream({batch, batch}); }});
  };
  std::unique_ptr<kin::Table> table;
  try {
    table = table_of();
  } catch (const kin::Error& error) {
    if (error.code() != kin::ErrorCode::kBadData && error.code() != kin::ErrorCode::kInvalidArgument) std::abort();
    return 0;
  }
  std::size_t sum = 0;
  for (std::size_t i = 0; i < table->fields().size(); ++i) {
    try {
      table->start({static_cast<std::int64_t>(i)});
      for (kin::Batch rows; table->next(rows);) {
        const kin::Column& column = rows.columns[0];
        for (std::size_t row = 0; row < static_cast<std::size_t>(rows.rows); ++row) {
          const bool single = column.cells == kin::Cells::kSingle;
          const std::size_t begin = single ? row : static_cast<std::size_t>(column.list_offsets[row]);
          const std::size_t end = single ? row + 1 : static_cast<std::size_t>(column.list_offsets[row + 1]);
          for (std::size_t v = begin; v < end; ++v) {
            sum += column.value_missing(v) ? 1 : 0;
            if (column.type == kin::ColumnType::kInteger) sum += static_cast<std::size_t>(column.integers[v]);
            if (column.type == kin::ColumnType::kNumber && column.numbers[v] > 0) ++sum;
            if (column.type == kin::ColumnType::kString) {
              for (const char c : column.string(v)) sum += static_cast<unsigned char>(c);
            }
          }
        }
      }
    } catch (const kin::Error& error) {
      if (error.code() != kin::ErrorCode::kBadData && error.code() != kin::ErrorCode::kNotSupported) std::abort();
    }
  }
  volatile std::size_t sink = sum;  // so that the reads stay
  (void)sink;
  return 0;
}
