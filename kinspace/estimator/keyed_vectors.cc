#include "kinspace/estimator/keyed_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/data/key_index.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/run_state.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/features/vocabulary_file.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"

namespace kin {
namespace {

constexpr std::string_view kTableSuffix = "/embedding";
constexpr std::size_t kMostListed = 20;

bool is_table(const StoredTensor& tensor) {
  return tensor.shape.size() == 2 && tensor.shape[1] > 0 &&
         (tensor.type == StoredType::kF32 || tensor.type == StoredType::kF64 || tensor.type == StoredType::kF16 ||
          tensor.type == StoredType::kBF16);
}

std::string column_of(const std::string& tensor) {
  return tensor.ends_with(kTableSuffix) ? tensor.substr(0, tensor.size() - kTableSuffix.size()) : tensor;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  // "007" and "-0" are other keys than 7 and 0.
  if (!whole || std::to_string(value) != text) return std::nullopt;
  return value;
}

/// The keys of a file, integers where all are, and the row of each: of keys that come twice the first counts.
KeyList distinct_keys(const TokenList& tokens, std::vector<std::int64_t>& rows) {
  bool integers = tokens.size() > 0;
  for (std::size_t i = 0; i < tokens.size() && integers; ++i) integers = integer_of(tokens[i]).has_value();
  KeyIndex index(integers);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::int64_t before = index.size();
    if (integers) {
      index.insert(*integer_of(tokens[i]));
    } else {
      index.insert(tokens[i]);
    }
    if (index.size() > before) rows.push_back(static_cast<std::int64_t>(i));
  }
  return index.keys();
}

void check_finite(const KeyedVectors& table) {
  for (std::int64_t r = 0; r < table.vectors.rows(); ++r) {
    const float* row = table.vectors.row(r);
    if (std::all_of(row, row + table.vectors.cols(), [](float value) { return std::isfinite(value); })) continue;
    throw Error::corruption(
        fmt::format("{}: row {} of {} holds a NaN or an infinity", table.path, r, kin::quoted(table.tensor)));
  }
}

/// The vocabulary of a run, with counts and titles.
Vocabulary vocabulary_of_run(const TensorFile& file, const std::string& tensor) {
  const bool model = file_exists((std::filesystem::path(file.path()) / kModelManifest).string());
  const Manifest manifest = read_run_manifest(file.path(), model ? kModelManifest : kCheckpointManifest);
  for (std::size_t slash = tensor.rfind('/'); slash != std::string::npos && slash > 0;
       slash = tensor.rfind('/', slash - 1)) {
    const std::string path = vocabulary_path(tensor.substr(0, slash));
    const bool known = std::any_of(manifest.files.begin(), manifest.files.end(),
                                   [&](const FileRecord& record) { return record.path == path; });
    if (known) return load_vocabulary(file.path(), manifest, tensor.substr(0, slash));
  }
  throw Error::corruption(fmt::format("{} has no vocabulary for {}", file.path(), kin::quoted(tensor)));
}

/// Keys for the first rows of a table, all else behind them for the unknown.
void take_keys(KeyedVectors& table, KeyList keys) {
  if (keys.size() > table.vectors.rows()) {
    throw Error::bad_data(fmt::format("{}: tensor {} has {} rows for {} keys", table.path, kin::quoted(table.tensor),
                                      table.vectors.rows(), keys.size()),
                          "take the vocabulary that the table was trained with");
  }
  table.unknown_rows = table.vectors.rows() - keys.size();
  std::vector<std::int64_t> counts(static_cast<std::size_t>(keys.size()), 0);
  table.vocabulary = Vocabulary(std::move(keys), std::move(counts));
}

void take_tokens(KeyedVectors& table, const TokenList& tokens) {
  std::vector<std::int64_t> rows;
  KeyList keys = distinct_keys(tokens, rows);
  const auto all = static_cast<std::int64_t>(tokens.size());
  if (keys.size() < all) {
    table.notes.push_back(
        fmt::format("repeated keys: {}; the first vector of each is taken", with_thousands(all - keys.size())));
    Matrix distinct(keys.size(), table.vectors.cols());
    for (std::int64_t r = 0; r < keys.size(); ++r) {
      std::copy_n(table.vectors.row(rows[static_cast<std::size_t>(r)]), table.vectors.cols(), distinct.row(r));
    }
    table.vectors = std::move(distinct);
  }
  take_keys(table, std::move(keys));
}

KeyList row_numbers(std::int64_t rows) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) numbers[static_cast<std::size_t>(r)] = r;
  return KeyList(std::move(numbers));
}

std::string default_table(const TensorFile& file) {
  if (file.format() != "run" || !file_exists((std::filesystem::path(file.path()) / kModelManifest).string())) return {};
  const Spec spec = spec_of_run(file.path());
  const std::string name = spec.head.target + std::string(kTableSuffix);
  return file.find(name) == nullptr ? std::string() : name;
}

}  // namespace

const StoredTensor& choose_table(TensorFile& file, const std::string& table) {
  const std::string wanted = table.empty() ? default_table(file) : table;
  if (!wanted.empty()) {
    const StoredTensor* tensor = file.find(wanted);
    if (tensor == nullptr) tensor = file.find(wanted + std::string(kTableSuffix));
    return tensor != nullptr ? *tensor : file.require(wanted);
  }
  std::vector<const StoredTensor*> tables;
  std::vector<const StoredTensor*> keyed;
  for (const StoredTensor& tensor : file.tensors()) {
    if (!is_table(tensor)) continue;
    tables.push_back(&tensor);
    if (file.tokens(tensor) != nullptr) keyed.push_back(&tensor);
  }
  const auto& candidates = keyed.empty() ? tables : keyed;
  if (candidates.size() == 1) return *candidates.front();
  if (candidates.empty()) throw Error::not_found(fmt::format("{} holds no table of vectors", file.path()));
  std::vector<std::string> names;
  for (const StoredTensor* tensor : candidates) names.push_back(tensor->name);
  const std::size_t all = names.size();
  if (all > kMostListed) names.resize(kMostListed);
  throw Error::invalid_argument(
      fmt::format("{} holds {} tables", file.path(), all),
      fmt::format("name one of them: {}{}", fmt::join(names, ", "), all > kMostListed ? ", …" : ""));
}

KeyedVectors load_keyed_vectors(const std::string& path, const KeyedVectorsOptions& options) {
  const std::unique_ptr<TensorFile> file = open_tensor_file(path, {.format = options.format});
  const StoredTensor& tensor = choose_table(*file, options.table);
  KeyedVectors table;
  table.path = file->path();
  table.tensor = tensor.name;
  table.column = column_of(tensor.name);
  table.notes = file->notes();
  table.vectors = file->read_matrix(tensor);
  if (table.vectors.cols() == 0) {
    throw Error::invalid_argument(fmt::format("{}: tensor {} has no columns", file->path(), kin::quoted(tensor.name)));
  }
  const TokenList* tokens = file->tokens(tensor);
  if (!options.vocabulary.empty()) {
    take_keys(table, read_vocabulary_file(options.vocabulary, 0, false));
  } else if (tokens != nullptr && file->format() == "run") {
    table.vocabulary = vocabulary_of_run(*file, tensor.name);
    table.unknown_rows = table.vectors.rows() - table.vocabulary.size();
  } else if (tokens != nullptr) {
    take_tokens(table, *tokens);
  } else if (options.number_rows) {
    take_keys(table, row_numbers(table.vectors.rows()));
  } else {
    throw Error::invalid_argument(
        fmt::format("{}: the rows of {} have no keys", file->path(), kin::quoted(tensor.name)),
        "import it with a vocabulary first: kin import FILE --tensor NAME --vocabulary KEYS.txt -o DIR");
  }
  check_finite(table);
  return table;
}

void save_keyed_vectors(const std::string& directory, const std::string& column, const KeyedVectors& table) {
  if (file_exists((std::filesystem::path(directory) / kModelManifest).string())) {
    throw Error::invalid_argument(fmt::format("{} holds a model already", directory), "take another directory");
  }
  make_directories(directory);
  const FileLock lock((std::filesystem::path(directory) / ".lock").string());
  // One row more is what a run has for the unknown; of several, as a TensorFlow vocabulary with buckets has, none.
  const bool unknown = table.unknown_rows == 1;
  const std::int64_t rows = table.vocabulary.size() + (unknown ? 1 : 0);

  Spec spec;
  spec.model.kind = "none";
  VocabularyColumn vocabulary;
  vocabulary.source = column;
  vocabulary.oov = unknown ? "row" : "drop";
  vocabulary.embed.dim = table.vectors.cols();
  spec.columns[column] = vocabulary;
  ModelAttributes attributes;
  attributes.dim = table.vectors.cols();
  attributes.labels = !table.vocabulary.labels().empty();

  Manifest manifest;
  manifest.spec = canonical_json(spec);
  manifest.attributes = to_json(attributes);
  manifest.files = save_vocabulary(directory, column, table.vocabulary);
  const ConstMatrixView weights(table.vectors.row(0), rows, table.vectors.cols(), table.vectors.cols());
  manifest.files.push_back(
      write_safetensors(directory, weights_path(0), {TensorSource::rows(column + std::string(kTableSuffix), weights)}));
  publish_manifest(directory, manifest);
}

}  // namespace kin
