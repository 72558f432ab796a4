#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/batch.h"
#include "kinspace/features/encoder.h"

namespace kin::testing {

/// A small table written out in a test; nothing stands for a missing value.
class TestTable {
 public:
  template <class T>
  using Cells = std::vector<std::optional<T>>;
  template <class T>
  using Lists = std::vector<std::optional<Cells<T>>>;

  TestTable& strings(const std::string& name, const Cells<std::string>& values);
  TestTable& integers(const std::string& name, const Cells<std::int64_t>& values);
  TestTable& numbers(const std::string& name, const Cells<double>& values);
  TestTable& string_lists(const std::string& name, const Lists<std::string>& rows);
  TestTable& integer_lists(const std::string& name, const Lists<std::int64_t>& rows);
  TestTable& number_lists(const std::string& name, const Lists<double>& rows);

  /// Makes the lists of the last column as long in every row.
  TestTable& fixed();

  const std::vector<Field>& fields() const noexcept { return fields_; }
  Batch batch(const std::vector<std::int64_t>& positions) const;

  /// An encoder of `columns`, bound and fitted to the whole table.
  Encoder fit(const FeatureColumns& columns) const;

  /// What such an encoder makes of the table.
  EncodedBatch encode(const FeatureColumns& columns) const;

  /// The only column of it.
  EncodedColumn encode_one(const FeatureColumn& column) const;

 private:
  struct Storage {
    std::vector<std::int64_t> integers;
    std::vector<double> numbers;
    std::vector<std::int32_t> offsets = {0};
    std::string bytes;
    std::vector<std::int32_t> list_offsets;
    std::vector<std::uint8_t> validity;
    std::vector<std::uint8_t> value_validity;
  };
  template <class T>
  TestTable& single(const std::string& name, const Cells<T>& values);
  template <class T>
  TestTable& lists(const std::string& name, const Lists<T>& rows);
  Storage& add(const std::string& name, ColumnType type, kin::Cells cells, std::size_t rows);

  std::vector<Field> fields_;
  std::vector<std::unique_ptr<Storage>> storage_;
  std::size_t rows_ = 0;
};

/// The Error that a call throws as "code: message"; empty if it throws none.
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(error_name(e.code())) + ": " + e.what();
  }
  return {};
}

}  // namespace kin::testing
