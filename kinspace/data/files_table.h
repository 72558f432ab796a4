#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kinspace/base/hash.h"
#include "kinspace/data/bad_rows.h"
#include "kinspace/data/byte_source.h"
#include "kinspace/data/table.h"
#include "kinspace/data/table_options.h"

namespace kin {

/// Files of rows in one format as one table, with the columns that data.select and data.rename want. Its columns are
/// those of the first file, in that order; types are the least that take the first rows of all files.
class FilesTable final : public Table {
 public:
  /// Opens one file. `known`: the columns that the whole table has, with types that the file's must be given; none:
  /// find them out.
  using Open =
      std::function<std::unique_ptr<Table>(const ByteSource& file, const std::vector<Field>& known, BadRows& bad_rows)>;

  struct Format {
    Open open;
    bool optional_columns = false;  ///< a file need not have all of them
  };

  /// Errors   those of `open`; kBadData for a file without a column that the first one has, or with others;
  ///          kInvalidArgument for data.select and data.rename that do not fit.
  FilesTable(std::vector<ByteSource> files, Format format, const DataOptions& data, const TableRequest& request);

  const std::string& name() const noexcept override { return name_; }
  const std::vector<Field>& fields() const noexcept override { return fields_; }
  std::uint64_t size() const noexcept override { return size_; }
  std::int64_t estimated_rows() const noexcept override { return estimated_rows_; }
  void start(std::vector<std::int64_t> wanted) override;
  bool next(Batch& batch) override;
  std::string place(std::size_t row) const override { return reader_->place(row); }
  std::uint64_t bytes_read() const noexcept override;
  std::string digest() const override;
  const BadRows& bad_rows() const noexcept override { return bad_rows_; }

 private:
  void find_columns(const std::vector<std::string>& select);
  void widen(const std::vector<Field>& others, const std::string& file, const std::vector<std::string>& select);
  void open_file();

  std::vector<ByteSource> files_;
  Format format_;
  bool once_;
  std::string name_;
  std::uint64_t size_ = 0;
  std::int64_t estimated_rows_ = 0;
  BadRows bad_rows_;
  std::vector<Field> all_;            // columns of the files
  std::vector<Field> fields_;         // those chosen, by their new names
  std::vector<std::size_t> chosen_;   // field -> column of the files
  std::unique_ptr<Table> reader_;     // of the file at file_
  std::vector<std::int64_t> wanted_;  // fields
  std::size_t file_ = 0;
  bool ended_ = false;
  std::int64_t rows_ = 0;         // good ones since start()
  std::uint64_t bytes_done_ = 0;  // of the files before file_
  std::vector<std::string> digests_;
};

}  // namespace kin
