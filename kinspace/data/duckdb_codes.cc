#include "kinspace/data/duckdb_codes.h"

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/data/foreign_column.h"

namespace kin::duckdb {
namespace {

constexpr std::int32_t kNone = -1;  // for a string beyond the limit
// For NULL; a vector with NULLs of its own would be copied bit by bit on its way.
constexpr std::int32_t kMissing = -2;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 24;

}  // namespace

StringCodes::StringCodes(const Session& session, std::string name)
    : api_(session.api()), name_(std::move(name)), identity_(std::make_shared<const char>()) {
  index_.insert(std::string_view());
  const Owned<Function> function(api_.create_scalar_function(), api_.destroy_scalar_function);
  const Owned<LogicalType> text(api_.create_logical_type(Type::kVarchar), api_.destroy_logical_type);
  const Owned<LogicalType> integer(api_.create_logical_type(Type::kInteger), api_.destroy_logical_type);
  api_.scalar_function_set_name(function.get(), name_.c_str());
  api_.scalar_function_add_parameter(function.get(), text.get());
  api_.scalar_function_set_return_type(function.get(), integer.get());
  api_.scalar_function_set_special_handling(function.get());  // of NULL
  api_.scalar_function_set_extra_info(function.get(), this, nullptr);
  api_.scalar_function_set_function(function.get(), &StringCodes::call);
  if (api_.register_scalar_function(session.connection(), function.get()) != State::kSuccess) {
    throw Error::internal("DuckDB " + api_.version + " takes no function " + name_);
  }
}

void StringCodes::call(Call call, Chunk input, Vector output) {
  static_cast<StringCodes*>(library().scalar_function_get_extra_info(call))->number(input, output);
}

void StringCodes::number(Chunk input, Vector output) {
  const Vector vector = api_.data_chunk_get_vector(input, 0);
  const auto* strings = static_cast<const String*>(api_.vector_get_data(vector));
  const std::uint64_t* validity = api_.vector_get_validity(vector);
  const Index rows = api_.data_chunk_get_size(input);
  auto* codes = static_cast<std::int32_t*>(api_.vector_get_data(output));
  std::fill_n(codes, rows, kNone);
  try {
    const std::lock_guard lock(mutex_);
    for (Index i = 0; i < rows; ++i) {
      if (!valid_at(reinterpret_cast<const std::uint8_t*>(validity), i)) {
        codes[i] = kMissing;
        continue;
      }
      const std::string_view text(strings[i].bytes(), strings[i].length);
      const bool full = index_.size() >= kMost || index_.text_bytes() + text.size() > kMostBytes;
      codes[i] = full ? static_cast<std::int32_t>(index_.find(text)) : static_cast<std::int32_t>(index_.insert(text));
    }
  } catch (const std::exception&) {
    // No memory: what has no code yet is read in the other way, by code that may throw.
  }
}

void StringCodes::publish() {
  const std::lock_guard lock(mutex_);
  for (auto i = static_cast<std::int64_t>(offsets_.size()) - 1; i < index_.size(); ++i) {
    const std::string_view text = index_.string(static_cast<std::uint32_t>(i));
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    offsets_.push_back(static_cast<std::int32_t>(bytes_.size()));
  }
}

bool StringCodes::read(Vector vector, std::size_t rows, Column& column) {
  const auto* codes = static_cast<const std::int32_t*>(api_.vector_get_data(vector));
  column.type = ColumnType::kString;
  std::int32_t signs = 0;
  for (std::size_t i = 0; i < rows; ++i) signs |= codes[i];
  if (signs < 0) {
    if (std::find(codes, codes + rows, kNone) != codes + rows) return false;
    codes_.resize(rows);
    validity_.assign(rows / 8 + 1, 0xFF);
    for (std::size_t i = 0; i < rows; ++i) {
      codes_[i] = std::max(codes[i], 0);
      if (codes[i] == kMissing) validity_[i / 8] &= static_cast<std::uint8_t>(~(1U << (i % 8)));
    }
    codes = codes_.data();
    column.validity = validity_.data();
  }
  publish();
  column.offsets = offsets_;
  column.bytes = bytes_.data();
  column.codes = {codes, rows};
  column.dictionary = identity_;
  return true;
}

}  // namespace kin::duckdb
