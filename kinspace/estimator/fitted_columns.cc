#include "kinspace/estimator/fitted_columns.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "kinspace/base/error.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/vocabulary_text.h"

namespace kin {
namespace {

const FileRecord* find_record(const Manifest& manifest, const std::string& path) {
  for (const FileRecord& record : manifest.files) {
    if (record.path == path) return &record;
  }
  return nullptr;
}

VocabularyText text_of(const Vocabulary& vocabulary) {
  const KeyList& keys = vocabulary.keys();
  VocabularyText text;
  text.counts = vocabulary.counts();
  if (keys.integers()) {
    std::vector<std::int64_t> integers;
    for (std::int64_t row = 0; row < keys.size(); ++row) integers.push_back(keys.integer(row));
    text.keys = std::move(integers);
  } else {
    std::vector<std::string> strings;
    for (std::int64_t row = 0; row < keys.size(); ++row) strings.push_back(keys.string(row));
    text.keys = std::move(strings);
  }
  return text;
}

}  // namespace

Vocabulary load_vocabulary(const std::string& directory, const Manifest& manifest, const std::string& column) {
  const FileRecord& record = find_file(manifest, vocabulary_path(column));
  VocabularyText text = read_vocabulary_text(resolve_model_file(directory, record.path), &record);
  KeyList keys = std::visit([](auto list) { return KeyList(std::move(list)); }, std::move(text.keys));
  Vocabulary vocabulary(std::move(keys), std::move(text.counts));
  if (const FileRecord* labels = find_record(manifest, labels_path(column))) {
    vocabulary.set_labels(read_labels_text(resolve_model_file(directory, labels->path), labels));
  }
  return vocabulary;
}

std::vector<FileRecord> save_vocabulary(const std::string& directory, const std::string& column,
                                        const Vocabulary& vocabulary) {
  std::vector<FileRecord> records;
  records.push_back(write_vocabulary_text(directory, vocabulary_path(column), text_of(vocabulary)));
  if (!vocabulary.labels().empty()) {
    records.push_back(write_labels_text(directory, labels_path(column), vocabulary.labels()));
  }
  return records;
}

FittedColumns copy_of(const FittedColumns& columns) {
  FittedColumns out;
  for (const auto& [name, column] : columns) {
    FittedColumn& copy = out[name];
    copy.numbers = column.numbers;
    if (column.vocabulary.size() > 0) copy.vocabulary = Vocabulary(column.vocabulary.keys(), column.vocabulary.counts());
  }
  return out;
}

std::vector<FileRecord> save_vocabularies(const std::string& directory, const FittedColumns& columns) {
  std::vector<FileRecord> records;
  for (const auto& [name, column] : columns) {
    if (column.vocabulary.size() == 0) continue;
    for (FileRecord& record : save_vocabulary(directory, name, column.vocabulary)) records.push_back(std::move(record));
  }
  return records;
}

std::string fitted_numbers_json(const FittedColumns& columns) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [name, column] : columns) out[name] = column.numbers;
  return out.dump();
}

FittedColumns load_fitted_columns(const std::string& directory, const Manifest& manifest,
                                  const std::string& numbers_json) {
  FittedColumns out;
  try {
    const nlohmann::json json = nlohmann::json::parse(numbers_json);
    for (const auto& [name, numbers] : json.items()) {
      FittedColumn& column = out[name];
      column.numbers = numbers.get<std::vector<double>>();
      if (find_record(manifest, vocabulary_path(name)) != nullptr)
        column.vocabulary = load_vocabulary(directory, manifest, name);
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error::corruption(fmt::format("{}: what its columns learned cannot be read: {}", directory, error.what()));
  }
  return out;
}

}  // namespace kin
