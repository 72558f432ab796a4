#include "kinspace/data/table.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/csv_reader.h"
#include "kinspace/data/duckdb_table.h"
#include "kinspace/data/files_table.h"
#include "kinspace/data/input_files.h"
#include "kinspace/data/jsonl_reader.h"
#include "kinspace/data/sniff.h"

namespace kin {
namespace {

// By the name; empty when it says nothing.
std::string format_of_name(const std::string& path) {
  const std::string name = unpacked_name(path);
  const std::pair<const char*, const char*> endings[] = {
      {".csv", "csv"},      {".tsv", "csv"},    {".tab", "csv"},         {".jsonl", "jsonl"},
      {".ndjson", "jsonl"}, {".json", "jsonl"}, {".parquet", "parquet"}, {".pq", "parquet"}};
  for (const auto& [ending, format] : endings) {
    if (name.ends_with(ending)) return format;
  }
  return {};
}

// A file that has been looked at where its name does not say enough.
struct Input {
  std::string format = {};
  ByteSource source = {};
  std::optional<Sniffed> sniffed = {};

  const Sniffed& look() {
    if (!sniffed) sniffed = sniff_source(source);
    return *sniffed;
  }
};

Input look_at(const std::string& path, const DataOptions& data, const std::optional<ByteSource>& source) {
  Input input;
  input.format = data.format == "auto" ? format_of_name(path) : data.format;
  if (input.format == "parquet" && !source) return input;
  input.source = source ? *source : file_source(path);
  if (data.encoding == "latin-1") input.source = latin1_source(std::move(input.source));
  if (input.format.empty()) input.format = input.look().format;
  if (input.format == "parquet" && (source || input.source.size == 0)) {
    throw Error::not_supported(fmt::format("{} is in Parquet format, which is not read from a pipe", input.source.name),
                               "write it to a file and name it");
  }
  return input;
}

void check_settings(const DataOptions& data, const std::string& format) {
  if (format == "csv") return;
  const std::pair<const char*, bool> settings[] = {{"data.separator", !data.separator.empty()},
                                                   {"data.names", !data.names.empty()},
                                                   {"data.comment", !data.comment.empty()}};
  for (const auto& [name, given] : settings) {
    if (!given) continue;
    throw Error::invalid_argument(fmt::format("{} is about CSV files; these are read as {}", name, format),
                                  "leave it out, or set data.format = \"csv\"");
  }
}

// Types that a file's columns have elsewhere and not by its own first rows.
std::map<std::string, ColumnType> other_types(const std::vector<Field>& fields, const std::vector<Field>& known) {
  std::unordered_map<std::string_view, ColumnType> wanted;
  for (const Field& field : known) wanted.emplace(field.name, field.type);
  std::map<std::string, ColumnType> types;
  for (const Field& field : fields) {
    const auto found = wanted.find(field.name);
    if (found != wanted.end() && found->second != field.type) types[field.name] = found->second;
  }
  return types;
}

FilesTable::Format csv_format(const DataOptions& data, const TableRequest& request, const std::string& separator) {
  CsvOptions options;
  options.separator = separator;
  options.comment = data.comment;
  options.quotes = data.quotes;
  options.names = data.names;
  options.decimal = data.decimal == "," ? ',' : '.';
  options.types = parse_column_types(data.types);
  options.types_role = request.types_role;
  options.limits = request.limits;
  options.pool = request.pool;
  const auto open = [options](const ByteSource& file, const std::vector<Field>& known, BadRows& bad_rows) {
    CsvOptions own = options;
    own.bad_rows = &bad_rows;
    auto reader = std::make_unique<CsvReader>(file, own);
    own.types_elsewhere = other_types(reader->fields(), known);
    if (!own.types_elsewhere.empty()) reader = std::make_unique<CsvReader>(file, own);
    return reader;
  };
  return {open, false};
}

FilesTable::Format jsonl_format(const DataOptions& data, const TableRequest& request, bool several) {
  JsonlOptions options;
  options.types = parse_column_types(data.types);
  options.types_role = request.types_role;
  options.types_elsewhere = several;
  options.only_known_keys = !data.select.empty();
  options.limits = request.limits;
  const auto open = [options](const ByteSource& file, const std::vector<Field>& known, BadRows& bad_rows) {
    JsonlOptions own = options;
    own.fields = known;
    own.bad_rows = &bad_rows;
    return std::make_unique<JsonlReader>(file, own);
  };
  return {open, true};
}

}  // namespace

std::unique_ptr<Table> open_table(const DataOptions& data, const TableRequest& request) {
  if (!data.query.empty()) {
    if (!data.path.empty()) {
      throw Error::invalid_argument("data.path and data.query are both given", "name the files in the query");
    }
    check_settings(data, "the rows of data.query");
    return open_duckdb_table(data, {}, request);
  }
  const std::vector<std::string> files =
      request.source ? std::vector<std::string>{request.source->name} : find_input_files(data.path, request.directory);
  std::vector<Input> inputs;
  inputs.reserve(files.size());
  for (const std::string& file : files) {
    inputs.push_back(look_at(file, data, request.source));
    if (inputs.back().format != inputs[0].format) {
      throw Error::invalid_argument(fmt::format("{} is {}, {} is {}; files of one table have one format", files[0],
                                                inputs[0].format, file, inputs.back().format),
                                    "set data.format if this is wrong, or read them one after the other");
    }
  }
  const std::string& format = inputs[0].format;
  check_settings(data, format);
  if (format == "parquet") return open_duckdb_table(data, files, request);
  const std::string separator =
      format == "csv" && data.separator.empty() ? inputs[0].look().separator : csv_separator(data.separator, {});
  std::vector<ByteSource> sources;
  sources.reserve(inputs.size());
  for (Input& input : inputs) sources.push_back(std::move(input.source));
  return std::make_unique<FilesTable>(
      std::move(sources),
      format == "csv" ? csv_format(data, request, separator) : jsonl_format(data, request, inputs.size() > 1), data,
      request);
}

}  // namespace kin
