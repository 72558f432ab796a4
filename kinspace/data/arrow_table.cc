#include "kinspace/data/arrow_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/text.h"
#include "kinspace/data/arrow_column.h"
#include "kinspace/data/arrow_type.h"
#include "kinspace/data/choose_fields.h"
#include "kinspace/data/good_runs.h"

namespace kin {
namespace {

// Rows of an array that become one batch, so that what must be converted takes little memory.
constexpr std::int64_t kBatchRows = std::int64_t{1} << 16;

constexpr std::int64_t kMostRows = std::int64_t{1} << 40;  // sums of two do not overflow

/// A struct of the interface, released when it goes.
template <class Struct>
class Released {
 public:
  Released() = default;
  explicit Released(Struct value) noexcept : value_(value) {}
  ~Released() {
    if (value_.release != nullptr) value_.release(&value_);
  }
  Released(Released&& other) noexcept : value_(std::exchange(other.value_, Struct{})) {}
  Released& operator=(Released&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }

  Struct* operator->() noexcept { return &value_; }
  Struct& operator*() noexcept { return value_; }
  bool released() const noexcept { return value_.release == nullptr; }

 private:
  Struct value_{};
};

/// Checksum of the values of one column.
class ColumnDigest {
 public:
  void add(const Column& column, std::size_t rows) {
    add_validity(column.validity, rows);
    if (column.cells == Cells::kSingle) return add_values(column, 0, rows);
    sizes_.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) sizes_[i] = column.list_offsets[i + 1] - column.list_offsets[i];
    shape_.update(sizes_.data(), rows * sizeof(sizes_[0]));
    const auto begin = static_cast<std::size_t>(column.list_offsets[0]);
    const auto end = static_cast<std::size_t>(column.list_offsets[rows]);
    for (std::size_t i = begin; i < end; ++i) flags_.push_back(valid_at(column.value_validity, i) ? 1 : 0);
    validity_.update(flags_.data(), flags_.size());
    flags_.clear();
    add_values(column, begin, end);
  }

  std::string hex() const { return validity_.hex() + shape_.hex() + values_.hex(); }

 private:
  void add_validity(const std::uint8_t* validity, std::size_t rows) {
    flags_.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) flags_[i] = valid_at(validity, i) ? 1 : 0;
    validity_.update(flags_.data(), rows);
    flags_.clear();
  }
  // Values that are missing do not count: what lies in their place is chance.
  void add_values(const Column& column, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const bool there = !column.value_missing(i);
      if (column.type == ColumnType::kString) {
        const std::string_view text = there ? column.string(i) : std::string_view();
        words_.push_back(text.size());
        values_.update(text.data(), text.size());
      } else {
        std::uint64_t word = 0;
        if (there && column.type == ColumnType::kInteger) std::memcpy(&word, &column.integers[i], sizeof(word));
        if (there && column.type == ColumnType::kNumber) std::memcpy(&word, &column.numbers[i], sizeof(word));
        words_.push_back(word);
      }
    }
    shape_.update(words_.data(), words_.size() * sizeof(words_[0]));
    words_.clear();
  }

  Checksum validity_, shape_, values_;
  std::vector<std::int32_t> sizes_;
  std::vector<std::uint8_t> flags_;
  std::vector<std::uint64_t> words_;
};

class ArrowTable final : public Table {
 public:
  ArrowTable(ArrowSource source, const DataOptions& data, const TableRequest& request)
      : source_(std::move(source)),
        bad_rows_(parse_bad_rows_policy(data.on_bad), parse_share(data.max_bad), request.rejects) {
    read_schema();
    std::vector<Field> all;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      Field field;
      field.name = names_[i];
      field.type = types_[i].type;
      field.cells = types_[i].cells();
      field.unit = types_[i].unit;
      field.guessed = false;
      all.push_back(std::move(field));
    }
    chosen_ = choose_fields(std::move(all), data, source_.name, request.types_role);
  }

  const std::string& name() const noexcept override { return source_.name; }
  const std::vector<Field>& fields() const noexcept override { return chosen_.fields; }
  std::uint64_t size() const noexcept override { return 0; }
  std::int64_t estimated_rows() const noexcept override { return source_.rows; }
  void start(std::vector<std::int64_t> wanted) override;
  bool next(Batch& batch) override;
  std::string place(std::size_t row) const override {
    return fmt::format("{} row {}", source_.name, batch_row_ + static_cast<std::int64_t>(runs_.first_row() + row) + 1);
  }
  std::uint64_t bytes_read() const noexcept override { return 0; }
  std::string digest() const override;
  const BadRows& bad_rows() const noexcept override { return bad_rows_; }

 private:
  void open();
  void read_schema();
  [[noreturn]] void fail(int status, const char* doing);
  bool next_array();
  void read_batch();

  ArrowSource source_;
  std::vector<std::string> names_;  // of all columns of the stream
  std::vector<ArrowType> types_;
  ChosenFields chosen_;
  BadRows bad_rows_;

  std::vector<std::int64_t> wanted_;
  Released<ArrowArrayStream> stream_;
  Released<ArrowArray> array_;
  std::vector<ArrowReader> readers_;
  std::vector<ColumnDigest> digests_;
  std::int64_t array_row_ = 0;  // of array_, that the next batch starts at
  std::int64_t batch_row_ = 0;  // of the table, that the last batch starts at
  std::int64_t next_row_ = 0;
  std::int64_t good_rows_ = 0;
  GoodRuns runs_;
  bool reading_ = false;
};

void ArrowTable::fail(int status, const char* doing) {
  const char* why = stream_->get_last_error != nullptr ? stream_->get_last_error(&*stream_) : nullptr;
  throw Error::bad_data(fmt::format("{}: its producer failed to give {} (error {}){}{}", source_.name, doing, status,
                                    why != nullptr ? ": " : "", why != nullptr ? why : ""));
}

void ArrowTable::open() {
  array_ = {};
  stream_ = Released<ArrowArrayStream>(source_.open());
  if (stream_.released() || stream_->get_schema == nullptr || stream_->get_next == nullptr) {
    throw Error::bad_data(source_.name + ": its Arrow stream has been released");
  }
}

void ArrowTable::read_schema() {
  open();
  Released<ArrowSchema> schema;
  if (const int status = stream_->get_schema(&*stream_, &*schema); status != 0) fail(status, "the schema");
  if (schema.released() || schema->format == nullptr || std::string_view(schema->format) != "+s") {
    throw Error::bad_data(source_.name + ": its schema is no struct of columns");
  }
  if (schema->n_children < 0 || (schema->n_children > 0 && schema->children == nullptr)) {
    throw Error::bad_data(fmt::format("{}: its schema has {} columns", source_.name, schema->n_children));
  }
  for (std::int64_t i = 0; i < schema->n_children; ++i) {
    const ArrowSchema* child = schema->children[i];
    if (child == nullptr) throw Error::bad_data(fmt::format("{}: column {} has no schema", source_.name, i));
    names_.emplace_back(child->name != nullptr ? child->name : "");
    try {
      types_.push_back(arrow_type(*child));
    } catch (const Error& error) {
      throw Error::bad_data(fmt::format("{}: column {}: {}", source_.name, quoted(names_.back()), error.message()));
    }
  }
}

void ArrowTable::start(std::vector<std::int64_t> wanted) {
  wanted_ = std::move(wanted);
  readers_.clear();
  for (const std::int64_t i : wanted_) {
    const auto at = static_cast<std::size_t>(i);
    KIN_ASSERT(at < chosen_.fields.size());
    const ArrowType& type = types_[chosen_.columns[at]];
    if (type.layout == ArrowLayout::kRefused) {
      throw Error::not_supported(fmt::format("column {} of {} is {}, which cannot be read",
                                             quoted(chosen_.fields[at].name), source_.name, type.refused),
                                 "leave it out, or take apart what it holds before");
    }
    readers_.emplace_back(type, chosen_.fields[at].type);
  }
  digests_ = std::vector<ColumnDigest>(wanted_.size());
  bad_rows_.restart();
  runs_ = {};
  array_row_ = batch_row_ = next_row_ = good_rows_ = 0;
  open();
  reading_ = true;
}

bool ArrowTable::next_array() {
  array_ = {};
  array_row_ = 0;
  if (const int status = stream_->get_next(&*stream_, &*array_); status != 0) fail(status, "the next rows");
  if (array_.released()) return false;
  const ArrowArray& array = *array_;
  const bool known = array.null_count == 0 || array.n_buffers < 1 || array.buffers == nullptr;
  if (!known && array.buffers[0] != nullptr) {
    throw Error::not_supported(source_.name + ": whole rows are missing", "leave them out before");
  }
  if (array.length < 0 || array.offset < 0 || array.length > kMostRows || array.offset > kMostRows ||
      array.null_count > 0 || array.n_children != static_cast<std::int64_t>(types_.size()) ||
      (array.n_children > 0 && array.children == nullptr)) {
    throw Error::bad_data(fmt::format(
        "{} after row {}: rows of {} columns, length {}, offset {}, {} missing; {} columns were announced",
        source_.name, next_row_, array.n_children, array.length, array.offset, array.null_count, types_.size()));
  }
  for (ArrowReader& reader : readers_) reader.start_array();
  return true;
}

void ArrowTable::read_batch() {
  const std::int64_t rows = std::min(kBatchRows, array_->length - array_row_);
  batch_row_ = next_row_;
  Batch batch;
  batch.rows = rows;
  std::map<std::size_t, std::string> bad;  // row -> what is wrong with it
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    const auto field = static_cast<std::size_t>(wanted_[i]);
    std::vector<BadValue> values;
    try {
      const ArrowArray* child = array_->children[chosen_.columns[field]];
      if (child == nullptr) throw Error::bad_data("the array is not there");
      batch.columns.push_back(readers_[i].read(*child, array_->offset + array_row_, rows, values));
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{} after row {}, column {}: {}", source_.name, batch_row_,
                                            quoted(chosen_.fields[field].name), error.message()));
    }
    digests_[i].add(batch.columns.back(), static_cast<std::size_t>(rows));
    for (BadValue& value : values) {
      bad.emplace(value.value, fmt::format("column {}: {}", chosen_.fields[field].name, value.message));
    }
  }
  array_row_ += rows;
  next_row_ += rows;
  runs_.reset({}, {});
  std::vector<std::size_t> without;
  for (auto& [row, message] : bad) {
    const std::string where = place(row);
    bad_rows_.add({where, message, "correct it, or leave such rows out with data.on_bad = \"skip\""},
                  where + ": " + message);
    without.push_back(row);
  }
  runs_.reset(std::move(batch), std::move(without));
}

bool ArrowTable::next(Batch& batch) {
  while (reading_) {
    if (runs_.next(batch)) {
      good_rows_ += batch.rows;
      return true;
    }
    if (!array_.released() && array_row_ < array_->length) {
      read_batch();
    } else if (!next_array()) {
      reading_ = false;
      source_.rows = next_row_;
      bad_rows_.finish(good_rows_, source_.name);
    }
  }
  return false;
}

std::string ArrowTable::digest() const {
  std::string all;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    all += names_[chosen_.columns[static_cast<std::size_t>(wanted_[i])]] + " " + digests_[i].hex() + "\n";
  }
  return checksum_hex(all);
}

}  // namespace

std::unique_ptr<Table> open_arrow_table(ArrowSource source, const DataOptions& data, const TableRequest& request) {
  return std::make_unique<ArrowTable>(std::move(source), data, request);
}

}  // namespace kin
