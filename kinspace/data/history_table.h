#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/data/expression.h"
#include "kinspace/data/read_histories.h"
#include "kinspace/data/table.h"

namespace kin {

/// The events of a batch, in order: one a row or, where items come in lists, one for every item of a row that is not
/// missing.
struct BatchEvents {
  std::vector<std::uint32_t> rows;   ///< of the batch
  std::vector<std::uint32_t> items;  ///< values of the item column

  std::size_t size() const noexcept { return rows.size(); }
};

/// The columns of a table that become histories, and the rows of it that count. Errors as those of read_histories().
class HistoryTable {
 public:
  /// `request` must outlive the table.
  HistoryTable(const DataOptions& data, const HistoriesRequest& request);

  // Columns, by their place in the batch.
  std::size_t group() const noexcept { return group_; }
  std::size_t item() const noexcept { return item_; }
  const std::vector<std::size_t>& orders() const noexcept { return orders_; }  ///< each once
  std::optional<std::size_t> split() const noexcept { return split_; }

  const Table& table() const noexcept { return *table_; }
  const Field& field(std::size_t column) const { return table_->fields()[static_cast<std::size_t>(wanted_[column])]; }
  bool integers(std::size_t column) const { return field(column).type == ColumnType::kInteger; }

  /// Begins at the first row.
  void start(int pass);

  /// Reads some more rows; `events` gets those of the rows that `where` keeps, which have a value in all columns above.
  bool next(BatchEvents& events);

  const Batch& batch() const noexcept { return batch_; }
  std::int64_t rows() const noexcept { return rows_; }  ///< since start()

 private:
  std::size_t want(std::int64_t field);
  std::size_t key_column(const std::string& name, std::string_view role);
  void require_single(std::size_t column, std::string_view role) const;
  void require(std::size_t column, std::string_view role) const;
  void find_events(BatchEvents& events) const;

  const HistoriesRequest& request_;
  std::unique_ptr<Table> table_;
  RowFilter filter_;
  bool filters_;
  std::vector<std::int64_t> wanted_;
  std::size_t group_ = 0;
  std::size_t item_ = 0;
  std::vector<std::size_t> orders_;
  std::optional<std::size_t> split_;
  Batch batch_;
  std::vector<std::uint32_t> kept_;  // rows of the batch
  int pass_ = 1;
  std::int64_t rows_ = 0;
};

}  // namespace kin
