#include <fmt/core.h>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/batch.h"
#include "kinspace/features/internal/id_maker.h"
#include "kinspace/features/time_part.h"

namespace kin::internal {
namespace {

class IdentityIds final : public IdMaker {
 public:
  IdentityIds(std::string column, std::int64_t size, std::int64_t default_value, bool pass)
      : column_(std::move(column)), size_(size), default_(default_value), pass_(pass) {}

  std::unique_ptr<IdMaker> clone() const override { return std::make_unique<IdentityIds>(*this); }
  std::int64_t num_buckets() const noexcept override { return size_; }

  void make(const Values& values, const BatchRows& rows, std::vector<std::int64_t>& ids) override {
    ids.assign(values.numbers.begin(), values.numbers.end());
    if (default_ < 0 && pass_) return;
    const auto size = static_cast<std::uint64_t>(size_);
    if (default_ >= 0) {
      for (std::int64_t& id : ids) id = static_cast<std::uint64_t>(id) < size ? id : default_;
      return;
    }
    bool any = false;
    for (const std::int64_t id : ids) any |= static_cast<std::uint64_t>(id) >= size;
    if (!any) return;
    std::size_t i = 0;
    while (static_cast<std::uint64_t>(ids[i]) < size) ++i;
    rows.fail(values.row_of(i), column_, fmt::format("holds {}; ids are 0 to {}", ids[i], size_ - 1),
              fmt::format("raise columns.{0}.size, or set columns.{0}.default_value, or use kind = \"vocabulary\"",
                          toml_key(column_)));
  }

 private:
  std::string column_;
  std::int64_t size_;
  std::int64_t default_;
  bool pass_;
};

}  // namespace

std::unique_ptr<IdMaker> identity_ids(const IdentityColumn& column, const std::string& name) {
  const std::string key = toml_key(name);
  std::int64_t size = column.size;
  if (!column.derive.empty()) {
    const auto part = find_time_part(column.derive);
    if (size == 0 && part) size = time_part_size(*part);
  }
  if (size < 1) {
    throw Error::invalid_argument(
        fmt::format("columns.{}.size is {}; an identity column needs the number of ids, at least 1", key, size),
        fmt::format("set columns.{}.size, or use kind = \"vocabulary\"", key));
  }
  if (column.default_value < -1 || column.default_value >= size) {
    throw Error::invalid_argument(fmt::format("columns.{}.default_value is {}; ids are 0 to {}, and -1 is none", key,
                                              column.default_value, size - 1));
  }
  return std::make_unique<IdentityIds>(name, size, column.default_value, column.out_of_range == "pass");
}

}  // namespace kin::internal
