#include "kinspace/features/internal/value_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/parse_number.h"

namespace kin::internal {
namespace {

std::size_t count_values(const Column& column, const BatchRows& rows) noexcept {
  if (column.cells == Cells::kSingle) return rows.size();
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows.row(i);
    count += static_cast<std::size_t>(column.list_offsets[row + 1] - column.list_offsets[row]);
  }
  return count;
}

// Calls put(n, j) for each value j of the rows; it becomes the n-th value if keep(j), else the next one takes its
// place.
template <class Keep, class Put>
std::size_t gather(const Column& column, const BatchRows& rows, Values& out, Keep keep, Put put) {
  std::size_t n = 0;
  out.offsets[0] = 0;
  if (column.cells == Cells::kSingle) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t j = rows.row(i);
      put(n, j);
      n += keep(j) ? 1 : 0;
      out.offsets[i + 1] = static_cast<std::int64_t>(n);
    }
    std::fill(out.positions.begin(), out.positions.end(), 0);
    return n;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows.row(i);
    const auto begin = static_cast<std::size_t>(column.list_offsets[row]);
    const auto end = static_cast<std::size_t>(column.list_offsets[row + 1]);
    for (std::size_t j = begin; j < end && !column.missing(row); ++j) {
      put(n, j);
      out.positions[n] = static_cast<std::int32_t>(j - begin);
      n += keep(j) ? 1 : 0;
    }
    out.offsets[i + 1] = static_cast<std::int64_t>(n);
  }
  return n;
}

// Of string `at`.
Piece piece(const Column& column, std::size_t at) noexcept {
  const auto begin = static_cast<std::uint32_t>(column.offsets[at]);
  return {begin, static_cast<std::uint32_t>(column.offsets[at + 1]) - begin};
}

// What becomes of a number whose fraction is cut off; what is no integer of 64 bits becomes the smallest, as on x86.
std::int64_t truncated(double number) noexcept {
  constexpr double kLimit = 9223372036854775808.0;
  return number >= -kLimit && number < kLimit ? static_cast<std::int64_t>(number)
                                              : std::numeric_limits<std::int64_t>::min();
}

class CellReader final : public ValueReader {
 public:
  explicit CellReader(CellOptions options) : o_(std::move(options)), splitter_(o_.split) {
    if (o_.derive.empty()) return;
    const auto part = find_time_part(o_.derive);
    if (!part) throw Error::invalid_argument(fmt::format("columns.{}.derive: {}", toml_key(o_.column), o_.derive));
    derive_.emplace(*part, TimeZone(o_.time_zone));
  }

  std::unique_ptr<ValueReader> clone() const override { return std::make_unique<CellReader>(*this); }
  void bind(const Binding& binding) override;
  bool integers() const noexcept override { return integers_; }
  bool dense() const noexcept override { return dense_; }
  void read(const BatchRows& rows, Values& out) override;

 private:
  [[noreturn]] void refuse(const Binding& binding, const std::string& what, const std::string& fix) const;
  void read_integers(const Column& column, const BatchRows& rows, Values& out);
  void read_strings(const Column& column, const BatchRows& rows, Values& out);
  void read_codes(const Column& column, const BatchRows& rows, Values& out);
  Column spell_out(const Column& coded);
  void read_derived(const Column& column, const BatchRows& rows, Values& out);
  void take_weights(const BatchRows& rows, Values& out);
  void parse_integers(const BatchRows& rows, Values& out);
  bool take_all_strings(const Column& column, const BatchRows& rows, Values& out);
  bool borrow_integers(const Column& column, const BatchRows& rows, Values& out) const;
  void resize(Values& out, std::size_t count) const {
    out.offsets.resize(offsets_);
    out.positions.resize(count);
  }

  CellOptions o_;
  CellSplitter splitter_;
  std::optional<TimeDeriver> derive_;
  bool integers_ = false;
  bool dense_ = false;
  bool parse_ = false;  // strings hold integers
  std::size_t offsets_ = 0;
  std::vector<std::int64_t> numbers_;
  std::vector<Piece> pieces_;
  std::vector<Piece> keys_;          // without their weights
  std::vector<Piece> coded_pieces_;  // of all strings of coded_by_
  std::shared_ptr<const void> coded_by_;
  std::vector<std::int32_t> codes_;
  std::string spelled_;
  std::vector<std::int32_t> spelled_offsets_;
};

void CellReader::refuse(const Binding& binding, const std::string& what, const std::string& fix) const {
  const Field& field = binding.fields[o_.source];
  throw Error::invalid_argument(
      fmt::format("columns.{}: column {} of {} {}", toml_key(o_.column), quoted(field.name), binding.file, what), fix);
}

void CellReader::bind(const Binding& binding) {
  const Field& field = binding.fields[o_.source];
  const std::string types = fmt::format("data.types.{}", toml_key(field.name));
  dense_ = field.cells != Cells::kList && o_.split.empty() && o_.pair.empty();
  if (!o_.split.empty() && field.cells != Cells::kSingle) {
    refuse(binding, "has lists, which need no split", fmt::format("leave out columns.{}.split", toml_key(o_.column)));
  }
  const bool number = field.type == ColumnType::kNumber;
  if (derive_) {
    integers_ = true;
    return;
  }
  if (number && o_.type != CellOptions::Type::kTruncated) {
    refuse(binding,
           fmt::format("has numbers{}; ids are made from strings or integers",
                       field.example.empty() ? "" : fmt::format(", such as {}", field.example)),
           fmt::format("set kind = \"bucketized\", or {} = \"string\"", types));
  }
  const bool string = field.type == ColumnType::kString;
  parse_ = string && o_.type == CellOptions::Type::kInteger;
  if (parse_ && o_.split.empty() && o_.pair.empty()) {
    refuse(binding,
           fmt::format("has strings{}; integers are needed",
                       field.example.empty() ? "" : fmt::format(", such as {}", quoted(field.example))),
           fmt::format("set {} = \"integer\" if they are, or dtype = \"string\" or kind = \"vocabulary\"", types));
  }
  if (!string && o_.type == CellOptions::Type::kString) {
    refuse(binding, "has integers; dtype = \"string\" needs strings",
           fmt::format("set {} = \"string\", or leave out dtype", types));
  }
  integers_ = !string || parse_;
}

void CellReader::read(const BatchRows& rows, Values& out) {
  const Column& column = rows.column(o_.source);
  offsets_ = rows.size() + 1;
  out.integers = integers_;
  out.coded = false;
  out.weights.clear();
  if (derive_) {
    read_derived(column, rows, out);
  } else if (column.type != ColumnType::kString) {
    read_integers(column, rows, out);
    if (!o_.pair.empty()) out.weights.assign(out.size(), 1.0F);
  } else {
    read_strings(column, rows, out);
    if (!o_.pair.empty()) take_weights(rows, out);
    if (parse_) parse_integers(rows, out);
  }
}

// True where the values can be used as they lie.
bool CellReader::borrow_integers(const Column& column, const BatchRows& rows, Values& out) const {
  if (column.type != ColumnType::kInteger || !rows.all() || column.validity != nullptr) return false;
  const bool single = column.cells == Cells::kSingle;
  if (!single && column.value_validity != nullptr) return false;
  const std::size_t first = single || rows.size() == 0 ? 0 : static_cast<std::size_t>(column.list_offsets[0]);
  const std::size_t last = single             ? rows.size()
                           : rows.size() == 0 ? 0
                                              : static_cast<std::size_t>(column.list_offsets[rows.size()]);
  const std::span<const std::int64_t> values = column.integers.subspan(first, last - first);
  if (dense_ && o_.missing == Missing::kTensorFlow) {
    bool any = false;
    for (const std::int64_t value : values) any |= value == -1;
    if (any) return false;
  }
  if (single) {
    std::iota(out.offsets.begin(), out.offsets.end(), 0);
    std::fill(out.positions.begin(), out.positions.end(), 0);
  } else {
    gather(
        column, rows, out, [](std::size_t) { return true; }, [](std::size_t, std::size_t) {});
  }
  out.numbers = values;
  return true;
}

void CellReader::read_integers(const Column& column, const BatchRows& rows, Values& out) {
  const std::size_t count = count_values(column, rows);
  resize(out, count);
  if (borrow_integers(column, rows, out)) return;
  numbers_.resize(count);
  const bool single = column.cells == Cells::kSingle;
  const auto value = [&](std::size_t j) {
    return column.type == ColumnType::kInteger ? column.integers[j] : truncated(column.numbers[j]);
  };
  std::size_t n = 0;
  if (single && o_.missing == Missing::kNone) {
    n = gather(
        column, rows, out, [](std::size_t) { return true; },
        [&](std::size_t k, std::size_t j) { numbers_[k] = column.value_missing(j) ? -1 : value(j); });
  } else {
    const bool drop = dense_ && o_.missing == Missing::kTensorFlow;
    n = gather(
        column, rows, out, [&](std::size_t j) { return !column.value_missing(j) && !(drop && value(j) == -1); },
        [&](std::size_t k, std::size_t j) { numbers_[k] = value(j); });
  }
  out.positions.resize(n);
  out.numbers = std::span(numbers_).first(n);
}

// True where the strings are single cells of all rows, and those that are missing are left out.
bool CellReader::take_all_strings(const Column& column, const BatchRows& rows, Values& out) {
  if (column.cells != Cells::kSingle || !rows.all()) return false;
  if (column.validity != nullptr && o_.missing == Missing::kNone) return false;
  const std::int32_t* const offsets = column.offsets.data();
  const std::size_t count = rows.size();
  const bool keep_empty = o_.missing != Missing::kTensorFlow;
  Piece* const pieces = pieces_.data();
  std::int64_t* const ends = out.offsets.data() + 1;
  std::size_t n = 0;
  const auto take = [&](std::size_t i, bool there) {
    const auto begin = static_cast<std::uint32_t>(offsets[i]);
    const std::uint32_t size = static_cast<std::uint32_t>(offsets[i + 1]) - begin;
    pieces[n] = {begin, size};
    n += static_cast<std::size_t>(there & (keep_empty | (size != 0)));
    ends[i] = static_cast<std::int64_t>(n);
  };
  if (column.validity == nullptr) {
    for (std::size_t i = 0; i < count; ++i) take(i, true);
  } else {
    for (std::size_t i = 0; i < count; ++i) take(i, (column.validity[i / 8] >> (i % 8) & 1) != 0);
  }
  out.offsets[0] = 0;
  out.positions.assign(n, 0);
  out.pieces = std::span<const Piece>(pieces_).first(n);
  return true;
}

// The column without codes.
Column CellReader::spell_out(const Column& coded) {
  spelled_.clear();
  spelled_offsets_.assign(1, 0);
  for (std::size_t i = 0; i < coded.codes.size(); ++i) {
    spelled_ += coded.string(i);
    if (spelled_.size() > std::numeric_limits<std::int32_t>::max()) {
      throw Error::resource_limit(fmt::format("columns.{}: a batch has more than 2 GiB of text", toml_key(o_.column)),
                                  "read fewer rows at once");
    }
    spelled_offsets_.push_back(static_cast<std::int32_t>(spelled_.size()));
  }
  Column column = coded;
  column.codes = {};
  column.offsets = spelled_offsets_;
  column.bytes = spelled_.data();
  return column;
}

void CellReader::read_strings(const Column& column, const BatchRows& rows, Values& out) {
  // Cells that are cut have pieces of their own.
  const bool cut = !o_.split.empty() || !o_.pair.empty();
  if (!column.codes.empty() && (cut || column.cells != Cells::kSingle)) {
    return read_strings(spell_out(column), rows, out);
  }
  out.bytes = column.bytes;
  out.bytes_end = column.offsets.empty() ? 0 : static_cast<std::uint32_t>(column.offsets.back());
  if (!o_.split.empty()) {
    out.pieces = splitter_.split(column, rows, out.offsets, out.positions);
    return;
  }
  if (!column.codes.empty()) return read_codes(column, rows, out);
  const std::size_t count = count_values(column, rows);
  resize(out, count);
  if (pieces_.size() < count) pieces_.resize(count);
  if (take_all_strings(column, rows, out)) return;
  const bool single = column.cells == Cells::kSingle;
  const bool drop = (dense_ || single) && o_.missing == Missing::kTensorFlow;
  std::size_t n = 0;
  if (single && o_.missing == Missing::kNone) {
    n = gather(
        column, rows, out, [](std::size_t) { return true; },
        [&](std::size_t k, std::size_t j) {
          pieces_[k] = column.value_missing(j) ? Piece{0, 0} : piece(column, j);
        });
  } else {
    n = gather(
        column, rows, out,
        [&](std::size_t j) { return !column.value_missing(j) && !(drop && column.string(j).empty()); },
        [&](std::size_t k, std::size_t j) { pieces_[k] = piece(column, j); });
  }
  out.positions.resize(n);
  out.pieces = std::span<const Piece>(pieces_).first(n);
}

void CellReader::read_codes(const Column& column, const BatchRows& rows, Values& out) {
  if (coded_by_ != column.dictionary) {
    coded_by_ = column.dictionary;
    coded_pieces_.clear();
  }
  for (std::size_t at = coded_pieces_.size(); at + 1 < column.offsets.size(); ++at) {
    coded_pieces_.push_back(piece(column, at));
  }
  out.coded = true;
  out.pieces = coded_pieces_;
  out.dictionary = coded_by_;
  const std::size_t count = rows.size();
  resize(out, count);
  // Code 0 is the empty string, and what is missing has it too.
  bool any_empty = false;
  for (const std::int32_t code : column.codes) any_empty |= code == 0;
  if (rows.all() && (!any_empty || o_.missing == Missing::kNone)) {
    std::iota(out.offsets.begin(), out.offsets.end(), 0);
    std::fill(out.positions.begin(), out.positions.end(), 0);
    out.codes = column.codes;
    return;
  }
  codes_.resize(count);
  const auto put = [&](std::size_t k, std::size_t j) { codes_[k] = column.codes[j]; };
  const std::size_t n =
      o_.missing == Missing::kNone
          ? gather(
                column, rows, out, [](std::size_t) { return true; }, put)
          : gather(
                column, rows, out,
                [&](std::size_t j) {
                  return !column.value_missing(j) && !(o_.missing == Missing::kTensorFlow && column.codes[j] == 0);
                },
                put);
  out.positions.resize(n);
  out.codes = std::span<const std::int32_t>(codes_).first(n);
}

void CellReader::read_derived(const Column& column, const BatchRows& rows, Values& out) {
  const std::size_t count = count_values(column, rows);
  resize(out, count);
  numbers_.resize(count);
  const TimeUnit unit = rows.field(o_.source).unit;
  const bool plain =
      column.type == ColumnType::kInteger && column.cells == Cells::kSingle && column.validity == nullptr;
  if (plain && rows.all() && derive_->of(column.integers, unit, numbers_.data())) {
    std::iota(out.offsets.begin(), out.offsets.end(), 0);
    std::fill(out.positions.begin(), out.positions.end(), 0);
    out.numbers = numbers_;
    return;
  }
  std::size_t failed = count;
  const auto of = [&](std::size_t j) -> std::optional<std::int64_t> {
    if (column.type == ColumnType::kString) return derive_->of(column.string(j));
    return derive_->of(
        column.type == ColumnType::kInteger ? column.integers[j] : truncated(std::floor(column.numbers[j])), unit);
  };
  const auto missing = [&](std::size_t j) {
    return column.value_missing(j) || (column.type == ColumnType::kString && column.string(j).empty()) ||
           (column.type == ColumnType::kNumber && std::isnan(column.numbers[j]));
  };
  const std::size_t n = gather(
      column, rows, out, [&](std::size_t j) { return !missing(j); },
      [&](std::size_t k, std::size_t j) {
        if (missing(j)) return;
        const auto value = of(j);
        if (!value && failed == count) failed = j;
        numbers_[k] = value.value_or(0);
      });
  if (failed != count) {
    std::size_t i = 0;
    while (column.cells == Cells::kSingle ? rows.row(i) != failed
                                          : failed >= static_cast<std::size_t>(column.list_offsets[rows.row(i) + 1]) ||
                                                failed < static_cast<std::size_t>(column.list_offsets[rows.row(i)])) {
      ++i;
    }
    const std::string text = column.type == ColumnType::kString    ? quoted(column.string(failed))
                             : column.type == ColumnType::kInteger ? std::to_string(column.integers[failed])
                                                                   : fmt::format("{}", column.numbers[failed]);
    rows.fail(i, o_.column, fmt::format("holds {}, which is no date or time to derive {} from", text, o_.derive),
              "write dates as 2001-12-31, times as 2001-12-31T23:59:59, or epoch seconds");
  }
  out.positions.resize(n);
  out.numbers = std::span(numbers_).first(n);
}

void CellReader::take_weights(const BatchRows& rows, Values& out) {
  out.weights.resize(out.size());
  keys_.assign(out.pieces.begin(), out.pieces.end());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string_view text = out.string(i);
    const std::size_t at = text.rfind(o_.pair);
    double weight = 1;
    if (at != std::string_view::npos) {
      const std::string_view digits = text.substr(at + o_.pair.size());
      if (parse_number(digits, weight) != Parsed::kOk) {
        rows.fail(out.row_of(i), o_.column,
                  fmt::format("holds {}; behind {} a number is needed", quoted(text), quoted(o_.pair)));
      }
      keys_[i].size = static_cast<std::uint32_t>(at);
    }
    out.weights[i] = static_cast<float>(weight);
  }
  out.pieces = keys_;
}

void CellReader::parse_integers(const BatchRows& rows, Values& out) {
  numbers_.resize(out.pieces.size());
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const Parsed parsed = parse_integer(out.string(i), numbers_[i]);
    if (parsed == Parsed::kOk || parsed == Parsed::kLeadingZero) continue;
    rows.fail(out.row_of(i), o_.column, fmt::format("holds {}, which is no integer", quoted(out.string(i))));
  }
  out.numbers = numbers_;
}

class WordReader final : public ValueReader {
 public:
  WordReader(std::string column, std::size_t source, const TokenizerOptions& options)
      : column_(std::move(column)), source_(source), tokenizer_(options) {}

  std::unique_ptr<ValueReader> clone() const override { return std::make_unique<WordReader>(*this); }
  void bind(const Binding& binding) override {
    const Field& field = binding.fields[source_];
    if (field.type == ColumnType::kString) return;
    throw Error::invalid_argument(
        fmt::format("columns.{}: column {} of {} has {}s; kind = \"text\" needs strings", toml_key(column_),
                    quoted(field.name), binding.file, column_type_name(field.type)),
        fmt::format("set data.types.{} = \"string\"", toml_key(field.name)));
  }
  bool integers() const noexcept override { return false; }
  bool dense() const noexcept override { return false; }

  void read(const BatchRows& rows, Values& out) override {
    const Column& column = rows.column(source_);
    words_.clear();
    pieces_.clear();
    out.offsets.resize(rows.size() + 1);
    out.positions.clear();
    out.offsets[0] = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t row = rows.row(i);
      std::int32_t position = 0;
      const bool single = column.cells == Cells::kSingle;
      const std::size_t begin = single ? row : static_cast<std::size_t>(column.list_offsets[row]);
      const std::size_t end = single ? row + 1 : static_cast<std::size_t>(column.list_offsets[row + 1]);
      for (std::size_t j = begin; j < end && !column.missing(row); ++j) {
        if (column.value_missing(j)) continue;
        tokenizer_.each(column.string(j), [&](std::string_view word) {
          pieces_.push_back({static_cast<std::uint32_t>(words_.size()), static_cast<std::uint32_t>(word.size())});
          out.positions.push_back(position++);
          words_ += word;
        });
        if (words_.size() > std::numeric_limits<std::int32_t>::max()) {
          throw Error::resource_limit(fmt::format("column {}: more than 2 GiB of words in one batch", quoted(column_)),
                                      "lower ngrams or the batch");
        }
      }
      out.offsets[i + 1] = static_cast<std::int64_t>(pieces_.size());
    }
    out.integers = false;
    out.coded = false;
    out.weights.clear();
    out.bytes = words_.data();
    out.bytes_end = static_cast<std::uint32_t>(words_.size());
    out.pieces = pieces_;
  }

 private:
  std::string column_;
  std::size_t source_;
  Tokenizer tokenizer_;
  std::string words_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::unique_ptr<ValueReader> read_cells(CellOptions options) {
  return std::make_unique<CellReader>(std::move(options));
}

std::unique_ptr<ValueReader> read_words(std::string column, std::size_t source, const TokenizerOptions& options) {
  return std::make_unique<WordReader>(std::move(column), source, options);
}

}  // namespace kin::internal
