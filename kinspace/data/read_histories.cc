#include "kinspace/data/read_histories.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/text.h"
#include "kinspace/data/history_table.h"
#include "kinspace/data/key_index.h"
#include "kinspace/data/order_column.h"
#include "kinspace/data/split.h"

namespace kin {
namespace {

constexpr std::int64_t kGroupsPerChunk = 512;
constexpr std::int64_t kMostEvents = 0xFFFFFFFFLL;

Error changed(const std::string& file) {
  return Error::bad_data(fmt::format("{} changed while it was read", file), "run again when nobody writes to it");
}

// Calls f(i, number of the key in values[i]); `number` maps an int64 or string_view key to its number.
template <class Number, class F>
void for_each_key(const Column& column, const std::vector<std::uint32_t>& values, Number number, F f) {
  if (column.type == ColumnType::kInteger) {
    for (std::size_t i = 0; i < values.size(); ++i) f(i, number(column.integers[values[i]]));
  } else {
    for (std::size_t i = 0; i < values.size(); ++i) f(i, number(column.string(values[i])));
  }
}

class Loader {
 public:
  Loader(const DataOptions& data, const HistoriesRequest& request, ThreadPool& pool)
      : data_(data),
        request_(request),
        pool_(pool),
        table_(data, request),
        groups_(table_.integers(table_.group())),
        items_(table_.integers(table_.item())) {
    for (const std::size_t column : table_.orders()) {
      orders_.emplace_back(table_.field(column).type, column == table_.item());
    }
  }

  LoadedHistories run() {
    count();
    number_keys();
    place();
    sort();
    result_.histories.groups = groups_.keys();
    result_.histories.item_keys = items_.keys();
    if (!table_.split()) result_.split_numbers = key_numbers(result_.histories.groups);
    return std::move(result_);
  }

 private:
  // First pass: keys, events of each group, ranges of the order columns.
  void count() {
    BatchEvents events;
    for (table_.start(1); table_.next(events);) {
      const Batch& batch = table_.batch();
      for_each_key(
          batch.columns[table_.group()], events.rows, [&](auto key) { return groups_.insert(key); },
          [&](std::size_t i, std::uint32_t group) {
            const std::uint32_t row = events.rows[i];
            if (group == counts_.size()) {
              counts_.push_back(0);
              if (table_.split()) split_.push_back(split_number(row));
            }
            ++counts_[group];
            if (table_.split() && split_[group] != split_number(row)) refuse_split(row, group);
          });
      for_each_key(
          batch.columns[table_.item()], events.items, [&](auto key) { return items_.insert(key); },
          [](std::size_t, std::uint32_t) {});
      for (std::size_t i = 0; i < orders_.size(); ++i) orders_[i].see(batch.columns[table_.orders()[i]], events.rows);
      result_.kept_rows += static_cast<std::int64_t>(events.size());
      check_memory();
    }
    result_.rows = table_.rows();
    result_.digest = table_.table().digest();
    result_.file_bytes = table_.table().bytes_read();
    result_.bad_rows = table_.table().bad_rows().count();
    if (result_.kept_rows > kMostEvents) {
      throw Error::not_supported(fmt::format("{} holds {} events; at most {} are supported", name(),
                                             with_thousands(result_.kept_rows), with_thousands(kMostEvents)),
                                 "keep fewer rows by data.where");
    }
    if (result_.kept_rows == 0) {
      if (data_.where.empty()) {
        throw Error::bad_data(fmt::format("the {} rows of {} have no items", with_thousands(result_.rows), name()),
                              "check the item column");
      }
      throw Error::bad_data(fmt::format("data.where = {} keeps none of the {} rows of {}", quoted(data_.where),
                                        with_thousands(result_.rows), name()),
                            "weaken the condition");
    }
  }

  // Groups and items get their numbers by rising key; offsets, so far, are where the next event of a group goes.
  void number_keys() {
    for (OrderColumn& order : orders_) order.fix_width();
    check_memory();
    const std::vector<std::uint32_t> number = groups_.sort();
    items_.sort();
    Histories& h = result_.histories;
    h.offsets.resize(number.size() + 1);
    result_.split_numbers.resize(split_.size());
    for (std::size_t g = 0; g < number.size(); ++g) {
      h.offsets[number[g] + 1] = counts_[g];
      result_.longest_group = std::max<std::int64_t>(result_.longest_group, counts_[g]);
      if (counts_[g] == 1) ++result_.short_groups;
      if (table_.split()) result_.split_numbers[number[g]] = split_[g];
    }
    for (std::size_t g = 0; g < number.size(); ++g) h.offsets[g + 1] += h.offsets[g];
    counts_ = {};
    split_ = {};
    check_memory();
    h.items = Buffer<std::uint32_t>(static_cast<std::size_t>(result_.kept_rows));
    for (OrderColumn& order : orders_) order.allocate(static_cast<std::size_t>(result_.kept_rows));
  }

  // Second pass: events to the places of their groups.
  void place() {
    Histories& h = result_.histories;
    std::vector<std::int64_t> next(h.offsets.begin(), h.offsets.end() - 1);
    std::vector<std::int64_t> places;
    BatchEvents events;
    for (table_.start(2); table_.next(events);) {
      const Batch& batch = table_.batch();
      places.resize(events.size());
      for_each_key(
          batch.columns[table_.group()], events.rows, [&](auto key) { return groups_.find(key); },
          [&](std::size_t i, std::int64_t group) {
            if (group < 0 || next[static_cast<std::size_t>(group)] == h.offsets[static_cast<std::size_t>(group) + 1]) {
              throw changed(name());
            }
            places[i] = next[static_cast<std::size_t>(group)]++;
          });
      for_each_key(
          batch.columns[table_.item()], events.items, [&](auto key) { return items_.find(key); },
          [&](std::size_t i, std::int64_t found) {
            if (found < 0) throw changed(name());
            h.items[static_cast<std::size_t>(places[i])] = static_cast<std::uint32_t>(found);
          });
      for (std::size_t i = 0; i < orders_.size(); ++i) {
        if (!orders_[i].put(batch.columns[table_.orders()[i]], events.rows, places)) throw changed(name());
      }
    }
    if (table_.table().digest() != result_.digest) throw changed(name());
  }

  void sort() {
    if (orders_.empty()) return;
    Histories& h = result_.histories;
    parallel_for(pool_, h.group_count(), kGroupsPerChunk, [&](std::int64_t begin, std::int64_t end) {
      HistorySorter sorter(orders_, h.items.span());
      for (std::int64_t g = begin; g < end; ++g) {
        sorter.sort(h.offsets[static_cast<std::size_t>(g)], h.offsets[static_cast<std::size_t>(g) + 1]);
      }
    });
    orders_.clear();
  }

  const std::string& name() const noexcept { return table_.table().name(); }

  std::uint64_t split_number(std::uint32_t row) const {
    const Column& column = table_.batch().columns[*table_.split()];
    return column.type == ColumnType::kInteger ? static_cast<std::uint64_t>(column.integers[row])
                                               : fnv1a64(column.string(row));
  }

  [[noreturn]] void refuse_split(std::uint32_t row, std::uint32_t group) const {
    throw Error::bad_data(fmt::format("{}: the group {} = {} has another value of {} here than in an earlier row",
                                      table_.table().place(row), data_.group_by, quoted(groups_.text(group)),
                                      quoted(request_.split_column)),
                          "split by a column that is the same in all rows of a group, or by group");
  }

  // Refuses to go on when the peak, as far as is known, would be over the limit.
  void check_memory() {
    ReadSize size;
    size.events = result_.kept_rows;
    size.groups = groups_.size();
    size.items = items_.size();
    size.key_bytes = groups_.text_bytes() + items_.text_bytes();
    size.order_bytes = 0;
    for (const OrderColumn& order : orders_) {
      size.order_bytes += order.bytes_per_event();
      size.items += order.ranks().size();
      size.key_bytes += order.ranks().text_bytes();
    }
    size.longest_group = result_.longest_group;
    size.block_bytes = request_.table.limits.block_bytes;
    size.threads = pool_.threads();
    result_.peak_bytes = estimate_read_memory(size);
    if (request_.memory_limit == 0 || result_.peak_bytes <= request_.memory_limit) return;
    throw Error::resource_limit(
        fmt::format("reading {} takes {} or more ({} events of {} groups and {} items so far); the memory limit is {}",
                    name(), human_bytes(result_.peak_bytes), with_thousands(size.events), with_thousands(size.groups),
                    with_thousands(items_.size()), human_bytes(request_.memory_limit)),
        "raise --memory-limit, or keep fewer rows by data.where");
  }

  const DataOptions& data_;
  const HistoriesRequest& request_;
  ThreadPool& pool_;
  HistoryTable table_;
  KeyIndex groups_;
  KeyIndex items_;
  std::vector<OrderColumn> orders_;
  std::vector<std::uint32_t> counts_;  // events of each group
  std::vector<std::uint64_t> split_;   // number of each group's value of the split column
  LoadedHistories result_;
};

}  // namespace

LoadedHistories read_histories(const DataOptions& data, const HistoriesRequest& request, ThreadPool& pool) {
  return Loader(data, request, pool).run();
}

std::uint64_t estimate_read_memory(const ReadSize& size) noexcept {
  constexpr std::uint64_t kTable = 23;           // KeyIndex, an entry at most
  constexpr std::uint64_t kIntegerKey = 8 + 8;   // in the index and in the KeyList
  constexpr std::uint64_t kStringKey = 16 + 32;  // likewise, without its bytes
  constexpr std::uint64_t kGroup = 24;           // offset, next place, number for the split
  constexpr std::uint64_t kBlockFactor = 12;     // block, cells and columns of the reader, in blocks
  constexpr std::uint64_t kSortEntry = 16;
  const auto events = static_cast<std::uint64_t>(size.events);
  const auto groups = static_cast<std::uint64_t>(size.groups);
  const auto keys = groups + static_cast<std::uint64_t>(size.items);
  return events * static_cast<std::uint64_t>(4 + size.order_bytes) + groups * kGroup +
         keys * (kTable + (size.key_bytes > 0 ? kStringKey : kIntegerKey)) + 2 * size.key_bytes +
         static_cast<std::uint64_t>(size.threads) * static_cast<std::uint64_t>(size.longest_group) * kSortEntry +
         kBlockFactor * size.block_bytes;
}

}  // namespace kin
