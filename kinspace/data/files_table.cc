#include "kinspace/data/files_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/choose_fields.h"

namespace kin {
namespace {

constexpr std::size_t kLongName = 4;  // shorter names are often near to each other

std::string name_of(const std::vector<ByteSource>& files) {
  if (files.size() == 1) return files[0].name;
  return fmt::format("{} and {} other file{}", files[0].name, files.size() - 1, files.size() == 2 ? "" : "s");
}

std::uint64_t size_of(const std::vector<ByteSource>& files) {
  std::uint64_t size = 0;
  for (const ByteSource& file : files) {
    if (file.size == 0) return 0;
    size += file.size;
  }
  return size;
}

using Places = std::unordered_map<std::string_view, std::size_t>;

Places places_of(const std::vector<Field>& fields) {
  Places places;
  for (std::size_t i = 0; i < fields.size(); ++i) places.emplace(fields[i].name, i);
  return places;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool decided(const Field& field) {
  return !field.guessed || !field.example.empty();
}

// The type and cells that take what both have.
void widen_field(Field& field, const Field& other) {
  if (other.cells != Cells::kSingle) field.cells = other.cells;
  if (!decided(other)) return;
  if (!field.guessed) {
    if (field.example.empty()) field.example = other.example;
    return;
  }
  if (!decided(field) || static_cast<int>(other.type) > static_cast<int>(field.type)) {
    field.type = other.type;
    field.example = other.example;
    field.example_line = other.example_line;
  }
}

}  // namespace

FilesTable::FilesTable(std::vector<ByteSource> files, Format format, const DataOptions& data,
                       const TableRequest& request)
    : files_(std::move(files)),
      format_(std::move(format)),
      once_(request.once),
      name_(name_of(files_)),
      size_(size_of(files_)),
      bad_rows_(parse_bad_rows_policy(data.on_bad), parse_share(data.max_bad), request.rejects) {
  find_columns(data.select);
  ChosenFields chosen = choose_fields(all_, data, name_, request.types_role);
  fields_ = std::move(chosen.fields);
  chosen_ = std::move(chosen.columns);
}

void FilesTable::find_columns(const std::vector<std::string>& select) {
  for (const ByteSource& file : files_) {
    reader_ = format_.open(file, {}, bad_rows_);
    estimated_rows_ += reader_->estimated_rows();
    if (all_.empty()) {
      all_ = reader_->fields();
    } else {
      widen(reader_->fields(), file.name, select);
    }
  }
  // With one file its reader has looked for slips.
  if (!format_.optional_columns || files_.size() == 1) return;
  for (const Field& field : all_) {
    if (field.guessed || !field.example.empty()) continue;
    std::vector<std::string> others;
    for (const Field& other : all_) {
      if (other.name != field.name) others.push_back(other.name);
    }
    const std::string guess = did_you_mean(field.name, others);
    if (field.name.size() < kLongName || guess.empty()) continue;
    throw Error::invalid_argument(fmt::format("data.types: {} has no column {}{}", name_, quoted(field.name), guess),
                                  "name one of its columns");
  }
}

void FilesTable::widen(const std::vector<Field>& others, const std::string& file,
                       const std::vector<std::string>& select) {
  const Places theirs = places_of(others);
  for (Field& field : all_) {
    const auto other = theirs.find(field.name);
    if (other != theirs.end()) {
      widen_field(field, others[other->second]);
    } else if (!format_.optional_columns && (select.empty() || contains(select, field.name))) {
      throw Error::bad_data(fmt::format("{}; {} has it", no_such_field(others, field.name, file), files_[0].name),
                            "files of one table need the same columns; name those to take in data.select");
    }
  }
  const Places ours = places_of(all_);
  std::vector<Field> more;
  for (const Field& other : others) {
    if (ours.contains(other.name)) continue;
    if (format_.optional_columns) {
      more.push_back(other);
    } else if (select.empty()) {
      throw Error::bad_data(fmt::format("{}; {} has it", no_such_field(all_, other.name, files_[0].name), file),
                            "files of one table need the same columns; name those to take in data.select");
    }
  }
  all_.insert(all_.end(), more.begin(), more.end());
}

void FilesTable::start(std::vector<std::int64_t> wanted) {
  bad_rows_.restart();
  if (once_) {
    for (const ByteSource& file : files_) {
      if (file.last) file.last();
    }
  }
  wanted_ = std::move(wanted);
  file_ = 0;
  ended_ = false;
  rows_ = 0;
  bytes_done_ = 0;
  digests_.clear();
  open_file();
}

void FilesTable::open_file() {
  // With a single file the reader that found the columns goes on.
  if (files_.size() > 1) reader_ = format_.open(files_[file_], all_, bad_rows_);
  const Places places = places_of(reader_->fields());
  std::vector<std::int64_t> columns;
  for (const std::int64_t field : wanted_) {
    const auto found = places.find(all_[chosen_[static_cast<std::size_t>(field)]].name);
    if (found == places.end()) {
      throw Error::bad_data(fmt::format("{} changed while it was read", files_[file_].name),
                            "run again when nobody writes to it");
    }
    columns.push_back(static_cast<std::int64_t>(found->second));
  }
  reader_->start(std::move(columns));
}

bool FilesTable::next(Batch& batch) {
  while (!ended_) {
    if (reader_->next(batch)) {
      rows_ += batch.rows;
      return true;
    }
    digests_.push_back(reader_->digest());
    bytes_done_ += *files_[file_].taken;
    if (file_ + 1 == files_.size()) {
      bad_rows_.finish(rows_, name_);
      ended_ = true;
    } else {
      ++file_;
      open_file();
    }
  }
  return false;
}

std::uint64_t FilesTable::bytes_read() const noexcept {
  return bytes_done_ + (ended_ ? 0 : files_[file_].taken->load());
}

std::string FilesTable::digest() const {
  if (digests_.size() == 1) return digests_[0];
  Checksum all;
  for (const std::string& digest : digests_) all.update(digest.data(), digest.size());
  return all.hex();
}

}  // namespace kin
