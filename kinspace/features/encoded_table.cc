#include "kinspace/features/encoded_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::int64_t kNone = -2;

bool ragged(const EncodedStore& s) noexcept {
  return s.info.categorical || s.info.sequence;
}

/// Whether rows without a value can be told by kNoValue in place of an id.
bool marks_empty_rows(const EncodedStore& s) noexcept {
  return s.info.categorical && !s.info.weighted && !s.info.sequence;
}

/// An id as it is stored: -1 out of vocabulary, kNone for a row without one.
std::int64_t widened(std::int64_t id) noexcept {
  return id;
}
std::int64_t widened(std::uint32_t id) noexcept {
  return id >= EncodedStore::kNoValue ? std::int64_t{static_cast<std::int32_t>(id)} : std::int64_t{id};
}

std::int64_t id_at(const EncodedStore& s, std::size_t k) noexcept {
  return s.wide() ? widened(s.wide_ids[k]) : widened(s.ids[k]);
}

/// Elements of row r: ids, or steps of a sequence of numbers.
std::pair<std::uint64_t, std::uint64_t> range(const EncodedStore& s, std::int64_t r) noexcept {
  const auto row = static_cast<std::size_t>(r);
  if (s.offsets.empty()) return {row, row + 1};
  return {s.offsets[row], s.offsets[row + 1]};
}

/// Makes room for `more` values behind those that are there.
template <class T>
void make_room(LargeVector<T>& values, std::size_t more) {
  const std::size_t size = values.size() + more;
  if (size > values.capacity()) values.reserve(std::max(size, 2 * values.capacity()));
}

/// Makes `values` so much longer; the new ones are unset.
template <class T>
T* extend(LargeVector<T>& values, std::size_t more) {
  make_room(values, more);
  values.resize(values.size() + more);
  return values.data() + (values.size() - more);
}

template <class T>
void add(LargeVector<T>& to, const std::vector<T>& from) {
  std::copy(from.begin(), from.end(), extend(to, from.size()));
}

/// Whether a row of a batch has several elements; if not, whether one has none.
struct RowSizes {
  bool several = false;
  bool empty = false;
};

RowSizes row_sizes(const std::vector<std::int64_t>& offsets) noexcept {
  std::int64_t any = 0;
  std::int64_t all = 1;
  for (std::size_t r = 1; r < offsets.size(); ++r) {
    const std::int64_t size = offsets[r] - offsets[r - 1];
    any |= size;
    all &= size;
  }
  return {any > 1, all == 0};
}

/// The ids behind one another, with kNoValue for each row that has none; rows have at most one.
template <class T>
void add_marked(LargeVector<T>& to, const std::vector<std::int64_t>& ids, const std::vector<std::int64_t>& offsets) {
  const std::size_t rows = offsets.size() - 1;
  T* const out = extend(to, rows);
  std::size_t next = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const bool has = offsets[r + 1] != offsets[r];
    out[r] = has ? static_cast<T>(ids[next]) : static_cast<T>(kNone);
    next += has ? 1 : 0;
  }
}

template <class T>
void add_ids(LargeVector<T>& to, const std::vector<std::int64_t>& ids) {
  T* const out = extend(to, ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    out[i] = static_cast<T>(ids[i]);  // -1 becomes kOutOfVocabulary by itself
}

/// Rows of at most one id, of a column that marks those without any.
template <class T, class RowAt>
void gather_marked(const LargeVector<T>& from, std::int64_t count, RowAt row_at, EncodedColumn& to) {
  to.ids.resize(static_cast<std::size_t>(count));
  to.offsets.resize(static_cast<std::size_t>(count) + 1);
  std::int64_t* const ids = to.ids.data();
  std::int64_t* const offsets = to.offsets.data();
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const T id = from[static_cast<std::size_t>(row_at(i))];
    offsets[i] = kept;
    ids[kept] = widened(id);
    kept += id != static_cast<T>(kNone) ? 1 : 0;
  }
  offsets[count] = kept;
  to.ids.resize(static_cast<std::size_t>(kept));
}

/// Gives a column offsets that had none, for rows of several elements to come.
template <class T>
void unmark(EncodedStore& s, LargeVector<T>& ids) {
  std::size_t kept = 0;
  for (std::size_t r = 0; r < ids.size(); ++r) {
    ids[kept] = ids[r];
    kept += ids[r] != static_cast<T>(kNone) ? 1 : 0;
    s.offsets[r + 1] = static_cast<std::uint32_t>(kept);
  }
  ids.resize(kept);
}

void start_offsets(EncodedStore& s, std::int64_t rows, std::int64_t reserved) {
  make_room(s.offsets, static_cast<std::size_t>(std::max(rows, reserved)) + 1);
  s.offsets.resize(static_cast<std::size_t>(rows) + 1);
  std::iota(s.offsets.begin(), s.offsets.end(), 0U);
  if (!marks_empty_rows(s)) return;
  if (s.wide()) {
    unmark(s, s.wide_ids);
  } else {
    unmark(s, s.ids);
  }
}

void append_offsets(EncodedStore& s, const std::vector<std::int64_t>& offsets) {
  const std::size_t rows = offsets.size() - 1;
  const std::uint32_t base = s.offsets.back();
  if (offsets.back() > std::int64_t{0xFFFFFFFF} - base) {
    throw Error::resource_limit(fmt::format("column {} has 4 294 967 296 values or more", quoted(s.info.name)),
                                "take fewer rows with data.where, or fewer values in each");
  }
  std::uint32_t* const out = extend(s.offsets, rows);
  for (std::size_t r = 0; r < rows; ++r) out[r] = base + static_cast<std::uint32_t>(offsets[r + 1]);
}

/// Offsets and ids of a batch behind those of `rows` rows.
void append_ragged(EncodedStore& s, const EncodedColumn& from, std::int64_t rows, std::int64_t reserved) {
  if (s.offsets.empty()) {
    const RowSizes sizes = row_sizes(from.offsets);
    if (!sizes.several && sizes.empty && marks_empty_rows(s)) {
      return s.wide() ? add_marked(s.wide_ids, from.ids, from.offsets) : add_marked(s.ids, from.ids, from.offsets);
    }
    if (sizes.several || sizes.empty) start_offsets(s, rows, reserved);
  }
  if (!s.offsets.empty()) append_offsets(s, from.offsets);
  if (s.info.categorical) s.wide() ? add_ids(s.wide_ids, from.ids) : add_ids(s.ids, from.ids);
}

[[noreturn]] void corrupt(const EncodedStore& s, const std::string& what) {
  throw Error::corruption(fmt::format("encoded column {}: {}", quoted(s.info.name), what), "encode the table again");
}

void check_ids(const EncodedStore& s) {
  const std::int64_t least = s.offsets.empty() && marks_empty_rows(s) ? kNone : -1;
  const std::size_t count = s.wide() ? s.wide_ids.size() : s.ids.size();
  for (std::size_t k = 0; k < count; ++k) {
    const std::int64_t id = id_at(s, k);
    if (id < least || id >= s.info.num_buckets) corrupt(s, fmt::format("an id is not below {}", s.info.num_buckets));
  }
}

void check(const EncodedStore& s, std::int64_t rows) {
  const auto n = static_cast<std::uint64_t>(rows);
  if (!s.offsets.empty() &&
      (s.offsets.size() != n + 1 || s.offsets.front() != 0 || !std::is_sorted(s.offsets.begin(), s.offsets.end()))) {
    corrupt(s, "its offsets do not rise from 0 over all rows");
  }
  const std::uint64_t elements = !ragged(s) || s.offsets.empty() ? n : s.offsets.back();
  const auto size = [&](std::uint64_t have, std::uint64_t want, const char* what) {
    if (have != want) corrupt(s, fmt::format("it holds {} {}, not {}", have, what, want));
  };
  size(s.wide() ? s.wide_ids.size() : s.ids.size(), s.info.categorical ? elements : 0, "ids");
  size(s.weights.size(), s.info.weighted ? elements : 0, "weights");
  size(s.positions.size(), s.info.categorical && s.info.sequence ? elements : 0, "positions");
  size(s.lengths.size(), s.info.sequence ? n : 0, "lengths");
  size(s.dense.size(), s.info.categorical ? 0 : elements * static_cast<std::uint64_t>(s.info.width), "numbers");
  check_ids(s);
}

}  // namespace

EncodedTable::EncodedTable(const std::vector<EncodedInfo>& columns) {
  for (const EncodedInfo& info : columns) columns_.emplace_back().info = info;
}

EncodedTable::EncodedTable(std::int64_t rows, std::vector<EncodedStore> columns)
    : rows_(rows), columns_(std::move(columns)) {
  for (const EncodedStore& store : columns_) check(store, rows);
}

std::uint64_t EncodedTable::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const EncodedStore& s : columns_) {
    sum += 8 * (s.wide_ids.size() + s.lengths.size()) +
           4 * (s.offsets.size() + s.ids.size() + s.weights.size() + s.positions.size() + s.dense.size());
  }
  return sum;
}

void EncodedTable::reserve(std::int64_t rows) {
  const auto more = static_cast<std::size_t>(std::max<std::int64_t>(rows - rows_, 0));
  reserved_ = std::max(reserved_, rows);  // whether a column needs offsets is known later
  for (EncodedStore& s : columns_) {
    if (!s.info.categorical) {
      make_room(s.dense, more * static_cast<std::size_t>(s.info.width));
    } else if (s.wide()) {
      make_room(s.wide_ids, more);
    } else {
      make_room(s.ids, more);
    }
    if (s.info.weighted) make_room(s.weights, more);
  }
}

void EncodedTable::append(const EncodedBatch& batch, ThreadPool* pool) {
  run(pool, std::ssize(columns_), [&](std::int64_t c) {
    EncodedStore& s = columns_[static_cast<std::size_t>(c)];
    const EncodedColumn& from = batch.columns[static_cast<std::size_t>(c)];
    if (ragged(s)) append_ragged(s, from, rows_, reserved_);
    if (s.info.weighted) add(s.weights, from.weights);
    if (s.info.categorical && s.info.sequence) add(s.positions, from.positions);
    if (s.info.sequence) add(s.lengths, from.lengths);
    if (!s.info.categorical) add(s.dense, from.dense);
  });
  rows_ += batch.rows;
}

void EncodedTable::renumber(std::size_t column, std::span<const std::uint32_t> id_of) {
  EncodedStore& s = columns_[column];
  if (!s.wide_ids.empty()) throw Error::internal("renumber: a column of wide ids");
  for (std::uint32_t& id : s.ids) {
    if (id >= EncodedStore::kNoValue) continue;
    if (id >= id_of.size()) throw Error::internal("renumber: an id beyond the table of new ones");
    id = id_of[id];
  }
}

void EncodedTable::set_info(std::size_t column, const EncodedInfo& info) {
  EncodedStore& s = columns_[column];
  const bool was_wide = s.wide();
  s.info = info;
  if (s.wide() != was_wide) throw Error::internal("set_info: the width of the ids would change");
}

template <class RowAt>
void EncodedTable::gather_column(std::size_t column, std::int64_t count, RowAt row_at, EncodedBatch& out) const {
  const EncodedStore& s = columns_[column];
  EncodedColumn& to = out.columns[column];
  to.weights.clear();
  to.positions.clear();
  to.dense.clear();
  to.lengths.clear();
  if (marks_empty_rows(s) && s.offsets.empty()) {
    return s.wide() ? gather_marked(s.wide_ids, count, row_at, to) : gather_marked(s.ids, count, row_at, to);
  }
  to.offsets.clear();
  to.ids.clear();
  if (ragged(s)) to.offsets.push_back(0);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t row = row_at(i);
    const auto [begin, end] = range(s, row);
    for (std::uint64_t k = begin; s.info.categorical && k < end; ++k) {
      to.ids.push_back(id_at(s, k));
      if (s.info.weighted) to.weights.push_back(s.weights[k]);
      if (s.info.sequence) to.positions.push_back(s.positions[k]);
    }
    if (!s.info.categorical) {
      const auto width = static_cast<std::uint64_t>(s.info.width);
      to.dense.insert(to.dense.end(), s.dense.begin() + static_cast<std::ptrdiff_t>(begin * width),
                      s.dense.begin() + static_cast<std::ptrdiff_t>(end * width));
    }
    if (ragged(s)) to.offsets.push_back(to.offsets.back() + static_cast<std::int64_t>(end - begin));
    if (s.info.sequence) to.lengths.push_back(s.lengths[static_cast<std::size_t>(row)]);
  }
}

template <class RowAt>
void EncodedTable::gather(std::int64_t count, RowAt row_at, EncodedBatch& out, ThreadPool* pool) const {
  out.rows = count;
  out.columns.resize(columns_.size());
  run(pool, std::ssize(columns_),
      [&](std::int64_t c) { gather_column(static_cast<std::size_t>(c), count, row_at, out); });
}

template <class RowAt>
void EncodedTable::gather(std::int64_t count, RowAt row_at, std::span<const std::size_t> columns,
                          EncodedBatch& out) const {
  out.rows = count;
  out.columns.resize(columns_.size());
  for (const std::size_t c : columns) gather_column(c, count, row_at, out);
}

void EncodedTable::read(std::int64_t first, std::int64_t count, EncodedBatch& out) const {
  gather(
      count, [first](std::int64_t i) { return first + i; }, out, nullptr);
}

void EncodedTable::read(std::int64_t first, std::int64_t count, std::span<const std::size_t> columns,
                        EncodedBatch& out) const {
  gather(
      count, [first](std::int64_t i) { return first + i; }, columns, out);
}

void EncodedTable::read(std::span<const std::int64_t> rows, EncodedBatch& out, ThreadPool* pool) const {
  gather(
      std::ssize(rows), [rows](std::int64_t i) { return rows[static_cast<std::size_t>(i)]; }, out, pool);
}

void EncodedTable::read(std::span<const std::int64_t> rows, std::span<const std::size_t> columns,
                        EncodedBatch& out) const {
  gather(
      std::ssize(rows), [rows](std::int64_t i) { return rows[static_cast<std::size_t>(i)]; }, columns, out);
}

}  // namespace kin
