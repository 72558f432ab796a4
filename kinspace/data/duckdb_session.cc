#include "kinspace/data/duckdb_session.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "kinspace/base/error.h"

namespace kin::duckdb {
namespace {

std::string quote(const std::string& text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark) out += mark;
    out += c;
  }
  return out + mark;
}

Owned<Database> open_database(const Api& api, const SessionOptions& options) {
  Config raw = nullptr;
  if (api.create_config(&raw) != State::kSuccess) throw Error::resource_limit("DuckDB has no memory to start");
  const Owned<Config> config(raw, api.destroy_config);
  const auto set = [&](const char* name, const std::string& value) {
    if (api.set_config(config.get(), name, value.c_str()) != State::kSuccess) {
      throw Error::internal(fmt::format("DuckDB {} takes no setting {} = {}", api.version, name, value));
    }
  };
  set("autoinstall_known_extensions", "false");
  set("autoload_known_extensions", "false");
  set("allow_community_extensions", "false");
  set("threads", std::to_string(options.threads < 1 ? 1 : options.threads));
  if (options.memory_limit > 0) set("memory_limit", fmt::format("{}B", options.memory_limit));
  std::error_code none;
  const auto temporary = std::filesystem::temp_directory_path(none);
  // Otherwise it would make a folder .tmp in the current directory when a join outgrows the memory.
  set("temp_directory", none ? std::string() : (temporary / "kinspace-duckdb").string());
  if (!options.directory.empty()) set("file_search_path", options.directory);

  Database database = nullptr;
  char* message = nullptr;
  if (api.open_ext(nullptr, &database, config.get(), &message) != State::kSuccess) {
    const std::string text = message != nullptr ? message : "no reason given";
    if (message != nullptr) api.free(message);
    throw Error::resource_limit("DuckDB does not start: " + text);
  }
  return {database, api.close};
}

Owned<Connection> connect(const Api& api, Database database) {
  Connection connection = nullptr;
  if (api.connect(database, &connection) != State::kSuccess) throw Error::resource_limit("DuckDB does not connect");
  return {connection, api.disconnect};
}

}  // namespace

std::string quote_identifier(const std::string& name) {
  return quote(name, '"');
}

std::string quote_literal(const std::string& text) {
  return quote(text, '\'');
}

Rows::Rows(const Api& api, Connection connection, const std::string& sql) : api_(api) {
  Statement statement = nullptr;
  const State state = api_.prepare(connection, sql.c_str(), &statement);
  statement_ = {statement, api_.destroy_prepare};
  if (state != State::kSuccess) {
    const char* message = statement != nullptr ? api_.prepare_error(statement) : nullptr;
    throw Error::invalid_argument(message != nullptr ? message : "DuckDB does not take this statement");
  }
}

Rows::~Rows() {
  if (started_) api_.destroy_result(&result_);
}

bool Rows::is_select() const {
  return api_.prepared_statement_type(statement_.get()) == kSelectStatement;
}

std::vector<NamedType> Rows::columns() const {
  std::vector<NamedType> columns;
  const Index count = api_.prepared_statement_column_count(statement_.get());
  for (Index i = 0; i < count; ++i) {
    const char* name = api_.prepared_statement_column_name(statement_.get(), i);
    columns.push_back({name != nullptr ? name : "",
                       {api_.prepared_statement_column_logical_type(statement_.get(), i), api_.destroy_logical_type}});
    if (name != nullptr) api_.free(const_cast<char*>(name));
  }
  return columns;
}

void Rows::fail(const char* message) const {
  throw Error::bad_data(message != nullptr ? message : "DuckDB gives no reason");
}

Owned<Chunk> Rows::fetch() {
  if (!started_) {
    started_ = true;
    if (api_.execute_prepared_streaming(statement_.get(), &result_) != State::kSuccess) {
      fail(api_.result_error(&result_));
    }
  }
  Owned<Chunk> chunk(api_.fetch_chunk(result_), api_.destroy_data_chunk);
  if (!chunk) {
    const char* message = api_.result_error(&result_);
    if (message != nullptr && *message != '\0') fail(message);
    return {};
  }
  if (api_.data_chunk_get_size(chunk.get()) == 0) return {};
  return chunk;
}

Session::Session(const SessionOptions& options)
    : api_(library()), database_(open_database(api_, options)), connection_(connect(api_, database_.get())) {
  if (!options.files.empty()) {
    std::string list;
    for (const std::string& file : options.files) list += (list.empty() ? "" : ", ") + quote_literal(file);
    run("SET allowed_paths = [" + list + "]");
    run("SET enable_external_access = false");
  }
  run("SET lock_configuration = true");
}

std::unique_ptr<Rows> Session::rows(const std::string& sql) const {
  return std::make_unique<Rows>(api_, connection_.get(), sql);
}

void Session::run(const std::string& sql) const {
  Result result{};
  const State state = api_.query(connection_.get(), sql.c_str(), &result);
  const char* message = state == State::kSuccess ? nullptr : api_.result_error(&result);
  const std::string text = message != nullptr ? message : "DuckDB gives no reason";
  api_.destroy_result(&result);
  if (state != State::kSuccess) throw Error::invalid_argument(text);
}

std::int64_t Session::integer(const std::string& sql) const {
  const auto rows = this->rows(sql);
  const Owned<Chunk> chunk = rows->fetch();
  if (!chunk) return 0;
  const Vector vector = api_.data_chunk_get_vector(chunk.get(), 0);
  return static_cast<const std::int64_t*>(api_.vector_get_data(vector))[0];
}

std::vector<std::string> Session::strings(const std::string& sql, Index column) const {
  std::vector<std::string> all;
  const auto rows = this->rows(sql);
  for (Owned<Chunk> chunk = rows->fetch(); chunk; chunk = rows->fetch()) {
    const auto* texts =
        static_cast<const String*>(api_.vector_get_data(api_.data_chunk_get_vector(chunk.get(), column)));
    for (Index i = 0; i < api_.data_chunk_get_size(chunk.get()); ++i)
      all.emplace_back(texts[i].bytes(), texts[i].length);
  }
  return all;
}

}  // namespace kin::duckdb
