#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kinspace/data/duckdb_api.h"

namespace kin::duckdb {

/// Owns what a function of the library made, and gives it back by another one.
template <class Handle>
class Owned {
 public:
  using Destroy = void (*)(Handle*);

  Owned() = default;
  Owned(Handle handle, Destroy destroy) noexcept : handle_(handle), destroy_(destroy) {}
  ~Owned() {
    if (handle_ != nullptr) destroy_(&handle_);
  }
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), destroy_(other.destroy_) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }

  Handle get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

 private:
  Handle handle_ = nullptr;
  Destroy destroy_ = nullptr;
};

struct NamedType {
  std::string name;
  Owned<LogicalType> type;
};

/// A statement and its rows, which come chunk by chunk, in order, and are computed as they are fetched.
class Rows {
 public:
  Rows(const Api& api, Connection connection, const std::string& sql);  ///< Errors   kInvalidArgument, DuckDB's words
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  bool is_select() const;
  std::vector<NamedType> columns() const;

  /// The next rows, at least one; nothing at the end.
  /// Errors   kBadData with DuckDB's words: a file that is damaged, a value that cannot be converted.
  Owned<Chunk> fetch();

 private:
  [[noreturn]] void fail(const char* message) const;

  const Api& api_;
  Owned<Statement> statement_;
  Result result_{};
  bool started_ = false;
};

struct SessionOptions {
  int threads = 1;
  std::uint64_t memory_limit = 0;       ///< bytes; 0: DuckDB's own, 80 % of the machine's
  std::string directory = {};           ///< relative names are sought here first; empty: in the current one
  std::vector<std::string> files = {};  ///< the only ones that may be read; none: any
};

/// A database in memory that reads files: no extension is fetched, and with `files` nothing else is read.
class Session {
 public:
  explicit Session(const SessionOptions& options);

  const Api& api() const noexcept { return api_; }
  Connection connection() const noexcept { return connection_.get(); }
  std::unique_ptr<Rows> rows(const std::string& sql) const;

  /// Runs a statement for its effect. Errors   kInvalidArgument with DuckDB's words.
  void run(const std::string& sql) const;

  /// First value of the first row of a statement that yields one BIGINT.
  std::int64_t integer(const std::string& sql) const;

  /// A column of strings of all rows.
  std::vector<std::string> strings(const std::string& sql, Index column = 0) const;

 private:
  const Api& api_;
  Owned<Database> database_;
  Owned<Connection> connection_;
};

std::string quote_identifier(const std::string& name);  ///< "name", with each " doubled
std::string quote_literal(const std::string& text);     ///< 'text', with each ' doubled

}  // namespace kin::duckdb
