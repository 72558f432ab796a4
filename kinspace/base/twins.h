#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace kin {

/// The first value that stood in the list before: the places of the two. Nothing when all values differ.
///
/// Cost     two looks at each value, and a sort of the few that share a bit of a filter with another.
/// Memory   4 bytes a value.
std::optional<std::pair<std::size_t, std::size_t>> find_twins(std::span<const std::int64_t> values);
std::optional<std::pair<std::size_t, std::size_t>> find_twins(std::span<const std::string> values);

}  // namespace kin
