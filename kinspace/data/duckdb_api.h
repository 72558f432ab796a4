#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// The part of DuckDB's C interface that Kinspace uses, declared here so that nothing of DuckDB is needed to build. The
// library itself is loaded when the first Parquet file or query is opened.

namespace kin::duckdb {

using Index = std::uint64_t;
enum class State : int { kSuccess = 0, kError = 1 };

/// Numbers of duckdb_type; the interface promises that they stay.
enum class Type : int {
  kInvalid = 0,
  kBoolean = 1,
  kTinyint = 2,
  kSmallint = 3,
  kInteger = 4,
  kBigint = 5,
  kUtinyint = 6,
  kUsmallint = 7,
  kUinteger = 8,
  kUbigint = 9,
  kFloat = 10,
  kDouble = 11,
  kTimestamp = 12,
  kDate = 13,
  kTime = 14,
  kInterval = 15,
  kHugeint = 16,
  kVarchar = 17,
  kBlob = 18,
  kDecimal = 19,
  kTimestampS = 20,
  kTimestampMs = 21,
  kTimestampNs = 22,
  kEnum = 23,
  kList = 24,
  kStruct = 25,
  kMap = 26,
  kUuid = 27,
  kUnion = 28,
  kBit = 29,
  kTimeTz = 30,
  kTimestampTz = 31,
  kUhugeint = 32,
  kArray = 33,
  kSqlNull = 36,
  kTimeNs = 39,
};

constexpr int kSelectStatement = 1;  // of duckdb_statement_type

struct DatabaseHandle;
struct ConnectionHandle;
struct ConfigHandle;
struct StatementHandle;
struct ChunkHandle;
struct VectorHandle;
struct LogicalTypeHandle;
struct FunctionHandle;
struct CallHandle;
using Database = DatabaseHandle*;
using Connection = ConnectionHandle*;
using Config = ConfigHandle*;
using Statement = StatementHandle*;
using Chunk = ChunkHandle*;
using Vector = VectorHandle*;
using LogicalType = LogicalTypeHandle*;
using Function = FunctionHandle*;
using Call = CallHandle*;

struct Result {
  Index deprecated_counts[3];
  void* deprecated_columns;
  char* deprecated_error;
  void* internal;
};

/// A value of a VARCHAR or BLOB vector.
struct String {
  static constexpr std::uint32_t kInlined = 12;

  std::uint32_t length;
  char prefix[4];
  const char* far_bytes;

  /// At most kInlined bytes lie in the value itself, from `prefix` on.
  const char* bytes() const noexcept {
    return length <= kInlined ? reinterpret_cast<const char*>(this) + sizeof(length) : far_bytes;
  }
};
static_assert(sizeof(String) == 16);

struct ListEntry {
  std::uint64_t offset;
  std::uint64_t length;
};

/// Of HUGEINT and UHUGEINT vectors: 128 bits, two's complement.
struct HugeInt {
  std::uint64_t low;
  std::int64_t high;
};

// X(member, result, arguments): member `x` is duckdb_x.
#define KIN_DUCKDB_FUNCTIONS(X)                                                                 \
  X(library_version, const char*, ())                                                           \
  X(free, void, (void*))                                                                        \
  X(create_config, State, (Config*))                                                            \
  X(set_config, State, (Config, const char* name, const char* value))                           \
  X(destroy_config, void, (Config*))                                                            \
  X(open_ext, State, (const char* path, Database*, Config, char** error))                       \
  X(close, void, (Database*))                                                                   \
  X(connect, State, (Database, Connection*))                                                    \
  X(disconnect, void, (Connection*))                                                            \
  X(query, State, (Connection, const char* sql, Result*))                                       \
  X(prepare, State, (Connection, const char* sql, Statement*))                                  \
  X(prepare_error, const char*, (Statement))                                                    \
  X(destroy_prepare, void, (Statement*))                                                        \
  X(prepared_statement_type, int, (Statement))                                                  \
  X(execute_prepared_streaming, State, (Statement, Result*))                                    \
  X(result_error, const char*, (Result*))                                                       \
  X(destroy_result, void, (Result*))                                                            \
  X(prepared_statement_column_count, Index, (Statement))                                        \
  X(prepared_statement_column_name, const char*, (Statement, Index column))                     \
  X(prepared_statement_column_logical_type, LogicalType, (Statement, Index column))             \
  X(destroy_logical_type, void, (LogicalType*))                                                 \
  X(get_type_id, Type, (LogicalType))                                                           \
  X(decimal_scale, std::uint8_t, (LogicalType))                                                 \
  X(decimal_internal_type, Type, (LogicalType))                                                 \
  X(list_type_child_type, LogicalType, (LogicalType))                                           \
  X(array_type_child_type, LogicalType, (LogicalType))                                          \
  X(array_type_array_size, Index, (LogicalType))                                                \
  X(fetch_chunk, Chunk, (Result))                                                               \
  X(destroy_data_chunk, void, (Chunk*))                                                         \
  X(data_chunk_get_size, Index, (Chunk))                                                        \
  X(data_chunk_get_vector, Vector, (Chunk, Index column))                                       \
  X(vector_get_data, void*, (Vector))                                                           \
  X(vector_get_validity, std::uint64_t*, (Vector))                                              \
  X(list_vector_get_child, Vector, (Vector))                                                    \
  X(list_vector_get_size, Index, (Vector))                                                      \
  X(array_vector_get_child, Vector, (Vector))                                                   \
  X(create_logical_type, LogicalType, (Type))                                                   \
  X(create_scalar_function, Function, ())                                                       \
  X(destroy_scalar_function, void, (Function*))                                                 \
  X(scalar_function_set_name, void, (Function, const char* name))                               \
  X(scalar_function_add_parameter, void, (Function, LogicalType))                               \
  X(scalar_function_set_return_type, void, (Function, LogicalType))                             \
  X(scalar_function_set_extra_info, void, (Function, void* info, void (*destroy)(void*)))       \
  X(scalar_function_set_function, void, (Function, void (*)(Call, Chunk input, Vector output))) \
  X(scalar_function_set_special_handling, void, (Function))                                     \
  X(register_scalar_function, State, (Connection, Function))                                    \
  X(scalar_function_get_extra_info, void*, (Call))

/// The functions of a loaded library. Threads   as DuckDB's: a connection and what came from it by one thread at a
/// time.
struct Api {
  std::string path;     ///< file it was loaded from
  std::string version;  ///< such as "v1.5.5"
#define KIN_DUCKDB_MEMBER(name, result, arguments) result(*name) arguments = nullptr;
  KIN_DUCKDB_FUNCTIONS(KIN_DUCKDB_MEMBER)
#undef KIN_DUCKDB_MEMBER
};

/// Where a library is sought: the file that the environment variable KIN_DUCKDB names and nothing else; without it
/// ../lib/kinspace/libduckdb.so beside the program, where setup/install.sh puts it, and the system's libduckdb.so.
std::vector<std::string> library_places();

/// Loads the first library that is there. Errors   kNotSupported: none is, with what to install; or it is of another
/// version than 1.2 to 1.x.
Api load_library(std::span<const std::string> places);

/// The library of library_places(), loaded once in the life of the program. Errors   as load_library().
const Api& library();

}  // namespace kin::duckdb
