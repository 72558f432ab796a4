#include "kinspace/features/internal/compile_cross.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/batch.h"

namespace kin::internal {
namespace {

constexpr std::string_view kData = "data.";

template <class Column>
std::string first_source(const std::string& name, const Column& column) {
  if constexpr (std::is_same_v<decltype(column.source), std::string>) {
    return column.source.empty() ? name : column.source;
  } else {
    return column.source.size() == 1 ? column.source[0] : name;
  }
}

template <class Column>
std::string weight_suffix(const Column& column) {
  if constexpr (requires { column.weight; }) {
    if (!column.weight.empty()) return "_weighted_by_" + column.weight;
  }
  return {};
}

// Whether ids of a column come with weights, or in an order of their own.
struct Traits {
  bool weighted = false;
  bool sequence = false;
  bool hashed = false;
};

Traits traits_of(const FeatureColumn& column) {
  return std::visit(
      [](const auto& c) {
        Traits traits;
        if constexpr (requires { c.weight; }) traits.weighted = !c.weight.empty();
        if constexpr (requires { c.pair; }) traits.weighted = traits.weighted || !c.pair.empty();
        if constexpr (requires { c.sequence; }) traits.sequence = c.sequence;
        using Column = std::remove_cvref_t<decltype(c)>;
        if constexpr (std::is_same_v<Column, HashColumn>) traits.hashed = true;
        if constexpr (std::is_same_v<Column, TextColumn>) traits.hashed = c.buckets != 0;
        return traits;
      },
      column);
}

}  // namespace

CrossPlan::CrossPlan(const FeatureColumns& columns) : columns_(columns) {
  for (const auto& [name, column] : columns) places_.emplace(name, places_.size());
  for (const auto& [name, column] : columns) {
    const auto* const cross = std::get_if<CrossedColumn>(&column);
    if (cross == nullptr) continue;
    const std::string key = toml_key(name);
    if (cross->of.size() < 2) {
      throw Error::invalid_argument(fmt::format("columns.{}.of names {} column{}; a cross is of at least two", key,
                                                cross->of.size(), cross->of.size() == 1 ? "" : "s"));
    }
    if (cross->buckets < 0) {
      throw Error::invalid_argument(fmt::format("columns.{}.buckets is {}", key, cross->buckets));
    }
    check_split(name, *cross);
    std::vector<std::string> open = {name};
    for (const std::string& part : cross->of) flatten(name, part, open, leaves_[name]);
  }
}

void CrossPlan::check_split(const std::string& cross, const CrossedColumn& column) const {
  for (const auto& [source, text] : column.split) {
    const std::string path = fmt::format("columns.{}.split.{}", toml_key(cross), toml_key(source));
    if (text.empty() || text.size() > 4) {
      throw Error::invalid_argument(fmt::format("{} is {}; it takes 1 to 4 bytes", path, quoted(text)));
    }
    const auto& of = column.of;
    const bool named = std::find(of.begin(), of.end(), std::string(kData) + source) != of.end();
    const bool alone = std::find(of.begin(), of.end(), source) != of.end() && columns_.find(source) == columns_.end();
    if (named || alone) continue;
    throw Error::invalid_argument(
        fmt::format("{}: the cross has no data column {}", path, quoted(source)),
        fmt::format("add \"data.{}\" to columns.{}.of, or split the cells of the column that takes part", source,
                    toml_key(cross)));
  }
}

// Adds what `name` stands for in `cross`; `open` are the crosses that it lies in.
void CrossPlan::flatten(const std::string& cross, const std::string& name, std::vector<std::string>& open,
                        std::vector<CrossLeaf>& out) const {
  const bool data = name.starts_with(kData);
  const auto found = columns_.find(name);
  if (data || found == columns_.end()) {
    const std::string source = data ? name.substr(kData.size()) : name;
    if (std::get<CrossedColumn>(columns_.at(cross)).buckets == 0) {
      throw Error::invalid_argument(
          fmt::format(
              "columns.{}: {} is a column of the data, whose values have no numbers; an exact cross is of columns "
              "of the spec",
              toml_key(cross), quoted(source)),
          fmt::format("add columns.{} = {{ kind = \"vocabulary\" }}, or set columns.{}.buckets to hash",
                      toml_key(source), toml_key(cross)));
    }
    const auto& splits = std::get<CrossedColumn>(columns_.at(open.back())).split;
    const auto split = splits.find(source);
    out.push_back({source, true, 0, split == splits.end() ? std::string() : split->second});
    return;
  }
  if (const auto* const nested = std::get_if<CrossedColumn>(&found->second)) {
    if (std::find(open.begin(), open.end(), name) != open.end()) {
      throw Error::invalid_argument(
          fmt::format("columns.{}: the cross {} is a part of itself", toml_key(cross), quoted(name)));
    }
    if (!nested->weight.empty()) {
      throw Error::invalid_argument(
          fmt::format("columns.{}: {} has weights, which a cross does not take", toml_key(cross), quoted(name)));
    }
    open.push_back(name);
    for (const std::string& part : nested->of) flatten(cross, part, open, out);
    open.pop_back();
    return;
  }
  check_leaf(cross, name);
  out.push_back({name, false, places_.at(name), {}});
}

void CrossPlan::check_leaf(const std::string& cross, const std::string& name) const {
  const FeatureColumn& column = columns_.at(name);
  const Traits traits = traits_of(column);
  const bool hashes = std::get<CrossedColumn>(columns_.at(cross)).buckets != 0;
  const auto refuse = [&](const std::string& what, const std::string& fix) {
    throw Error::invalid_argument(fmt::format("columns.{}: {} {}", toml_key(cross), quoted(name), what), fix);
  };
  if (std::holds_alternative<NumericColumn>(column)) {
    refuse("is numeric, and numbers have no ids to cross", "use kind = \"bucketized\" for it");
  }
  if (traits.weighted) refuse("has weights, which a cross does not take", "cross a column without them");
  if (traits.sequence) refuse("is a sequence, which a cross does not take", "cross a column without sequence = true");
  if (traits.hashed && hashes) {
    const std::string source = std::visit(
        [&](const auto& c) {
          if constexpr (requires { c.source; }) return first_source(name, c);
          return name;
        },
        column);
    refuse("is hashed, and hashing its ids again loses more", fmt::format("write \"data.{}\" in its place", source));
  }
}

std::vector<std::size_t> CrossPlan::parts(const std::string& name) const {
  std::vector<std::size_t> out;
  const auto found = leaves_.find(name);
  if (found == leaves_.end()) return out;
  for (const CrossLeaf& leaf : found->second) {
    if (!leaf.data) out.push_back(leaf.part);
  }
  return out;
}

std::string CrossPlan::tf_name(const std::string& name) const {
  const FeatureColumn& column = columns_.at(name);
  const auto crossed = leaves_.find(name);
  if (crossed == leaves_.end()) {
    return std::visit(
        [&](const auto& c) {
          std::string out = name;
          if constexpr (requires { c.source; }) out = first_source(name, c);
          if constexpr (requires { c.boundaries; }) out += "_bucketized";
          return out + weight_suffix(c);
        },
        column);
  }
  std::vector<std::string> names;
  for (const CrossLeaf& leaf : crossed->second) names.push_back(leaf.data ? leaf.name : tf_name(leaf.name));
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string& part : names) out += (out.empty() ? "" : "_X_") + part;
  return out + weight_suffix(std::get<CrossedColumn>(column));
}

}  // namespace kin::internal
