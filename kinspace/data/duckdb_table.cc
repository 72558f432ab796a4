#include "kinspace/data/duckdb_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/text.h"
#include "kinspace/data/choose_fields.h"
#include "kinspace/data/duckdb_codes.h"
#include "kinspace/data/duckdb_column.h"
#include "kinspace/data/duckdb_query.h"
#include "kinspace/data/duckdb_session.h"
#include "kinspace/data/good_runs.h"

namespace kin {
namespace {

namespace fs = std::filesystem;
using duckdb::ColumnPlan;
using duckdb::quote_identifier;
using duckdb::quote_literal;

constexpr const char* kView = "kinspace_query";

// DuckDB's message without the excerpt of a statement that the user has not written.
std::string without_excerpt(const std::string& message) {
  return message.substr(0, message.find("\n\nLINE "));
}

[[noreturn]] void rethrow(const Error& error, const std::string& where, const std::string& message) {
  const bool memory = message.starts_with("Out of Memory Error");
  throw Error(memory ? ErrorCode::kResourceLimit : error.code(), where + ": " + message, error.fix());
}

struct File {
  std::string path;
  std::uint64_t size = 0;
  fs::file_time_type changed{};
  std::int64_t rows = 0;

  explicit File(std::string at) : path(std::move(at)), size(file_size(path)) {
    std::error_code none;
    changed = fs::last_write_time(path, none);
  }
};

// An absolute path: not sought anywhere else, and never taken for the address of a server.
std::string pattern(const File& file) {
  return duckdb::escape_pattern(fs::absolute(file.path).string());
}

std::string file_digest(const File& file) {
  InputFile input(file.path);
  Checksum checksum;
  std::vector<char> block(std::size_t{1} << 20);
  std::uint64_t size = 0;
  while (const std::size_t bytes = input.read(block.data(), block.size())) {
    checksum.update(block.data(), bytes);
    size += bytes;
  }
  std::error_code none;
  if (size != file.size || fs::last_write_time(file.path, none) != file.changed) {
    throw Error::bad_data(file.path + " has changed while it was read", "read it again when nobody writes it");
  }
  return checksum.hex();
}

class DuckdbTable final : public Table {
 public:
  DuckdbTable(const DataOptions& data, std::vector<std::string> files, const TableRequest& request);

  const std::string& name() const noexcept override { return name_; }
  const std::vector<Field>& fields() const noexcept override { return fields_; }
  std::uint64_t size() const noexcept override { return size_; }
  std::int64_t estimated_rows() const noexcept override { return estimated_rows_; }
  void start(std::vector<std::int64_t> wanted) override;
  bool next(Batch& batch) override;
  std::string place(std::size_t row) const override;
  std::uint64_t bytes_read() const noexcept override;
  std::string digest() const override;
  const BadRows& bad_rows() const noexcept override { return bad_rows_; }

 private:
  // A column of the sources that becomes a field.
  struct Source {
    std::string name;
    ColumnPlan plan;
    bool codes = false;                                 // its strings are numbered
    std::unique_ptr<duckdb::StringCodes> numbers = {};  // made when they first are
  };
  using Plans = std::vector<std::pair<std::string, ColumnPlan>>;

  bool of_query() const noexcept { return files_.empty(); }
  std::string label(std::size_t file) const { return of_query() ? name_ : files_[file].path; }
  std::string relation(std::size_t file) const;
  void open_files(std::vector<std::string> paths, const TableRequest& request);
  void open_query(const TableRequest& request);
  void check_names(const std::string& directory);
  Plans plans(std::size_t file) const;
  void choose(const Plans& plans, const DataOptions& data, const TableRequest& request);
  void check_file(std::size_t file) const;
  void open(std::size_t file, std::int64_t from_row);
  std::string expression(Source& source) const;
  bool fetch();
  bool read_columns(Batch& batch, std::map<std::size_t, std::string>& bad);
  void read_chunk();

  std::string query_;
  std::string name_;
  std::vector<File> files_;
  std::vector<std::string> named_;  // files that stand in the query
  std::vector<Field> fields_;
  std::vector<Source> sources_;  // parallel to fields_
  std::optional<duckdb::Session> session_;
  std::uint64_t size_ = 0;
  std::int64_t estimated_rows_ = 0;
  BadRows bad_rows_;

  std::vector<std::int64_t> wanted_;
  std::size_t file_ = 0;
  std::unique_ptr<duckdb::Rows> rows_;
  std::vector<duckdb::VectorReader> readers_;
  duckdb::Owned<duckdb::Chunk> chunk_;
  std::int64_t chunk_row_ = 0;  // of the file, that the chunk starts at
  std::int64_t next_row_ = 0;   // of the file, behind the chunk
  std::int64_t good_rows_ = 0;
  std::uint64_t done_bytes_ = 0;  // of the files before this one
  GoodRuns runs_;
  bool reading_ = false;
};

DuckdbTable::DuckdbTable(const DataOptions& data, std::vector<std::string> files, const TableRequest& request)
    : query_(data.query), bad_rows_(parse_bad_rows_policy(data.on_bad), parse_share(data.max_bad), request.rejects) {
  if (query_.empty()) {
    open_files(std::move(files), request);
  } else {
    open_query(request);
  }
  choose(plans(0), data, request);
  for (std::size_t i = 1; i < files_.size(); ++i) check_file(i);
}

std::string DuckdbTable::relation(std::size_t file) const {
  if (of_query()) return kView;
  return fmt::format("read_parquet({}, hive_partitioning = false)", quote_literal(pattern(files_[file])));
}

void DuckdbTable::open_files(std::vector<std::string> paths, const TableRequest& request) {
  if (paths.empty()) throw Error::invalid_argument("there is no Parquet file to read", "give data.path");
  duckdb::SessionOptions options;
  options.threads = request.threads;
  options.memory_limit = request.memory_limit;
  for (std::string& path : paths) {
    files_.emplace_back(std::move(path));
    size_ += files_.back().size;
    // DuckDB asks about the pattern and about what it finds.
    options.files.push_back(pattern(files_.back()));
    options.files.push_back(fs::absolute(files_.back().path).string());
  }
  name_ = files_[0].path;
  if (files_.size() > 1) name_ += fmt::format(" and {} more", files_.size() - 1);
  session_.emplace(options);
  for (std::size_t i = 0; i < files_.size(); ++i) {
    try {
      files_[i].rows = session_->integer("SELECT count(*) FROM " + relation(i));
    } catch (const Error& error) {
      throw Error::bad_data(fmt::format("{} cannot be read as Parquet: {}", label(i), without_excerpt(error.message())),
                            "write it again; or say with data.format what it is");
    }
    estimated_rows_ += files_[i].rows;
  }
}

void DuckdbTable::open_query(const TableRequest& request) {
  name_ = "data.query";
  duckdb::SessionOptions options;
  options.memory_limit = request.memory_limit;
  options.directory = request.directory;
  if (request.directory.find(',') != std::string::npos) {
    throw Error::invalid_argument(
        fmt::format("data.query cannot seek files in {}: DuckDB takes the comma for the end of the name",
                    kin::quoted(request.directory)),
        "rename the directory");
  }
  session_.emplace(options);
  check_names(request.directory);
  try {
    const auto rows = session_->rows(query_);
    if (!rows->is_select()) {
      throw Error::invalid_argument("this statement is no SELECT", "let the query begin with SELECT, FROM or WITH");
    }
    std::vector<std::string> names;
    for (duckdb::NamedType& column : rows->columns()) names.push_back(std::move(column.name));
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
      throw Error::invalid_argument("two columns have the name " + kin::quoted(*twice), "rename one with AS");
    }
    session_->run(fmt::format("CREATE TEMPORARY VIEW {} AS {}", kView, query_));
    const std::string plan = session_->strings(fmt::format("EXPLAIN (FORMAT json) FROM {}", kView), 1).at(0);
    constexpr std::string_view kEstimate = "\"Estimated Cardinality\": \"";
    const std::size_t last = plan.rfind(kEstimate);  // the one of the whole
    if (last != std::string::npos) {
      estimated_rows_ = std::strtoll(plan.c_str() + last + kEstimate.size(), nullptr, 10);
    }
  } catch (const Error& error) {
    rethrow(error, name_, error.message());
  }
}

// DuckDB seeks relative names in the current directory first, whatever directory it is told.
void DuckdbTable::check_names(const std::string& directory) {
  std::error_code none;
  for (const std::string& word : duckdb::file_words(query_)) {
    const fs::path here(word), there = fs::path(directory) / word;
    if (!directory.empty() && here.is_relative() && fs::exists(here, none) && fs::exists(there, none) &&
        !fs::equivalent(here, there, none)) {
      throw Error::invalid_argument(fmt::format("data.query: {} is a file of {} and one of the current directory",
                                                kin::quoted(word), kin::quoted(directory)),
                                    "give its path from the root");
    }
    const auto files = session_->strings(fmt::format("SELECT file FROM glob({}) ORDER BY file", quote_literal(word)));
    for (const std::string& file : files) {
      if (fs::is_regular_file(file, none)) named_.push_back(file);
    }
  }
  std::sort(named_.begin(), named_.end());
  named_.erase(std::unique(named_.begin(), named_.end()), named_.end());
  for (const std::string& file : named_) size_ += file_size(file);
}

DuckdbTable::Plans DuckdbTable::plans(std::size_t file) const {
  Plans plans;
  try {
    const auto rows = session_->rows("FROM " + relation(file));
    for (duckdb::NamedType& column : rows->columns()) {
      plans.emplace_back(std::move(column.name), duckdb::plan_column(session_->api(), column.type.get()));
    }
  } catch (const Error& error) {
    throw Error::bad_data(label(file) + ": " + without_excerpt(error.message()));
  }
  return plans;
}

void DuckdbTable::choose(const Plans& plans, const DataOptions& data, const TableRequest& request) {
  std::vector<Field> all;
  for (const auto& [name, plan] : plans) {
    Field field;
    field.name = name;
    field.type = plan.type;
    field.cells = plan.cells;
    field.unit = plan.unit;
    field.guessed = false;
    all.push_back(std::move(field));
  }
  ChosenFields chosen = choose_fields(std::move(all), data, name_, request.types_role);
  fields_ = std::move(chosen.fields);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto& [name, plan] = plans[chosen.columns[i]];
    Source source{name, plan};
    const bool text = fields_[i].type == ColumnType::kString;
    // Dates and times as people write them, not as numbers.
    if (text && plan.type != ColumnType::kString) source.plan.cast = "VARCHAR";
    // A query might not yield the same rows again, should the codes not suffice.
    source.codes = request.codes && !of_query() && text && plan.varchar;
    sources_.push_back(std::move(source));
  }
}

void DuckdbTable::check_file(std::size_t file) const {
  const Plans columns = plans(file);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[i];
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const auto& column) { return column.first == source.name; });
    if (found == columns.end()) {
      throw Error::bad_data(
          fmt::format("{} has no column {}, which {} has", label(file), kin::quoted(source.name), label(0)),
          "read them apart, or join them in data.query");
    }
    const ColumnPlan& plan = found->second;
    if (plan.type != source.plan.type || plan.cells != source.plan.cells || plan.unit != source.plan.unit ||
        plan.refused != source.plan.refused) {
      throw Error::bad_data(fmt::format("column {} of {} is of another type than that of {}", kin::quoted(source.name),
                                        label(file), label(0)),
                            "choose one with CAST in data.query");
    }
  }
}

void DuckdbTable::start(std::vector<std::int64_t> wanted) {
  for (const std::int64_t i : wanted) {
    const auto at = static_cast<std::size_t>(i);
    KIN_ASSERT(at < fields_.size());
    const Source& source = sources_[at];
    if (source.plan.refused.empty()) continue;
    throw Error::not_supported(fmt::format("column {} of {} is {}, which cannot be read", kin::quoted(source.name),
                                           name_, source.plan.refused),
                               "leave it out with data.select, or choose what is needed of it in data.query");
  }
  wanted_ = std::move(wanted);
  bad_rows_.restart();
  runs_ = {};
  good_rows_ = 0;
  done_bytes_ = 0;
  reading_ = true;
  open(0, 0);
}

std::string DuckdbTable::expression(Source& source) const {
  const std::string column = quote_identifier(source.name);
  if (source.codes) {
    if (source.numbers == nullptr) {
      const auto number = static_cast<std::size_t>(&source - sources_.data());
      source.numbers = std::make_unique<duckdb::StringCodes>(*session_, fmt::format("kinspace_code_{}", number));
    }
    return fmt::format("{}({})", source.numbers->name(), column);
  }
  if (source.plan.cast.empty()) return column;
  return fmt::format("CAST({} AS {}{})", column, source.plan.cast, source.plan.suffix);
}

void DuckdbTable::open(std::size_t file, std::int64_t from_row) {
  file_ = file;
  chunk_row_ = next_row_ = from_row;
  chunk_ = {};
  std::string list;
  for (const std::int64_t i : wanted_) {
    list += (list.empty() ? "" : ", ") + expression(sources_[static_cast<std::size_t>(i)]);
  }
  rows_.reset();  // one statement at a time on a connection
  readers_.clear();
  try {
    rows_ = session_->rows(fmt::format("SELECT {} FROM {}{}", list.empty() ? "0" : list, relation(file),
                                       from_row == 0 ? std::string() : fmt::format(" OFFSET {}", from_row)));
  } catch (const Error& error) {
    rethrow(error, label(file), without_excerpt(error.message()));
  }
  const auto columns = rows_->columns();
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    readers_.emplace_back(session_->api(), columns.at(i).type.get(),
                          fields_[static_cast<std::size_t>(wanted_[i])].type);
  }
}

bool DuckdbTable::fetch() {
  chunk_row_ = next_row_;
  chunk_ = {};
  try {
    chunk_ = rows_->fetch();
  } catch (const Error& error) {
    reading_ = false;
    rethrow(error, fmt::format("{} after row {}", label(file_), chunk_row_), without_excerpt(error.message()));
  }
  return static_cast<bool>(chunk_);
}

// False where a column has too many strings for codes: it will be read without.
bool DuckdbTable::read_columns(Batch& batch, std::map<std::size_t, std::string>& bad) {
  const duckdb::Api& api = session_->api();
  const auto rows = static_cast<std::size_t>(batch.rows);
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    const auto field = static_cast<std::size_t>(wanted_[i]);
    const duckdb::Vector vector = api.data_chunk_get_vector(chunk_.get(), i);
    if (Source& source = sources_[field]; source.codes) {
      source.codes = source.numbers->read(vector, rows, batch.columns.emplace_back());
      if (!source.codes) return false;
      continue;
    }
    std::vector<BadValue> values;
    batch.columns.push_back(readers_[i].read(vector, rows, values));
    for (BadValue& value : values) {
      bad.emplace(value.value, fmt::format("column {}: {}", fields_[field].name, value.message));
    }
  }
  return true;
}

void DuckdbTable::read_chunk() {
  Batch batch;
  batch.rows = static_cast<std::int64_t>(session_->api().data_chunk_get_size(chunk_.get()));
  std::map<std::size_t, std::string> bad;  // row -> what is wrong with it
  runs_.reset({}, {});
  if (!read_columns(batch, bad)) return open(file_, chunk_row_);
  next_row_ += batch.rows;
  std::vector<std::size_t> without;
  for (auto& [row, message] : bad) {
    const std::string place = this->place(row);
    bad_rows_.add({place, message, "correct it, or leave such rows out with data.on_bad = \"skip\""},
                  place + ": " + message);
    without.push_back(row);
  }
  runs_.reset(std::move(batch), std::move(without));
}

bool DuckdbTable::next(Batch& batch) {
  while (reading_) {
    if (runs_.next(batch)) {
      good_rows_ += batch.rows;
      return true;
    }
    if (fetch()) {
      read_chunk();
    } else if (file_ + 1 < files_.size()) {
      done_bytes_ += files_[file_].size;
      open(file_ + 1, 0);
    } else {
      reading_ = false;
      bad_rows_.finish(good_rows_, name_);
    }
  }
  return false;
}

std::string DuckdbTable::place(std::size_t row) const {
  const auto at = chunk_row_ + static_cast<std::int64_t>(runs_.first_row() + row) + 1;
  return fmt::format("{} row {}", label(file_), at);
}

std::uint64_t DuckdbTable::bytes_read() const noexcept {
  if (!reading_) return size_;
  const bool query = of_query();
  const std::uint64_t size = query ? size_ : files_[file_].size;
  const std::int64_t rows = std::max<std::int64_t>(query ? estimated_rows_ : files_[file_].rows, 1);
  const double share = std::min(1.0, static_cast<double>(next_row_) / static_cast<double>(rows));
  return done_bytes_ + static_cast<std::uint64_t>(share * static_cast<double>(size));
}

std::string DuckdbTable::digest() const {
  if (files_.size() == 1) return file_digest(files_[0]);
  std::string all = query_;
  for (const File& file : files_) all += "\n" + file_digest(file);
  for (const std::string& file : named_) all += "\n" + file_digest(File(file));
  return checksum_hex(all);
}

}  // namespace

std::unique_ptr<Table> open_duckdb_table(const DataOptions& data, std::vector<std::string> files,
                                         const TableRequest& request) {
  return std::make_unique<DuckdbTable>(data, std::move(files), request);
}

}  // namespace kin
