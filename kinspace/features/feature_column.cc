#include "kinspace/features/feature_column.h"

#include <type_traits>

namespace kin {
namespace {

template <std::size_t... I>
std::vector<FeatureColumn> one_of_each(std::index_sequence<I...>) {
  return {FeatureColumn(std::in_place_index<I>)...};
}

const std::vector<FeatureColumn>& kinds() {
  static const std::vector<FeatureColumn> all =
      one_of_each(std::make_index_sequence<std::variant_size_v<FeatureColumn>>());
  return all;
}

}  // namespace

std::int64_t rule_of_thumb_dim(std::int64_t values) noexcept {
  const auto wanted = static_cast<std::uint64_t>(values < 1 ? 1 : values);
  std::uint64_t dim = 1;
  while (dim * dim * dim * dim < wanted) ++dim;  // at most 55 109, whose fourth power is below 2^64
  return static_cast<std::int64_t>(dim);
}

const std::string& column_kind(const FeatureColumn& column) noexcept {
  return std::visit([](const auto& c) -> const std::string& { return c.kind; }, column);
}

const std::vector<std::string>& column_kinds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const FeatureColumn& column : kinds()) out.push_back(column_kind(column));
    return out;
  }();
  return names;
}

bool set_column_kind(FeatureColumn& column, std::string_view kind) {
  for (const FeatureColumn& fresh : kinds()) {
    if (column_kind(fresh) != kind) continue;
    column = fresh;
    return true;
  }
  return false;
}

const EmbedOptions* embed_options(const FeatureColumn& column) noexcept {
  return std::visit(
      [](const auto& c) -> const EmbedOptions* {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(c)>, NumericColumn>) {
          return nullptr;
        } else {
          return &c.embed;
        }
      },
      column);
}

EmbedOptions* embed_options(FeatureColumn& column) noexcept {
  return const_cast<EmbedOptions*>(embed_options(std::as_const(column)));
}

}  // namespace kin
