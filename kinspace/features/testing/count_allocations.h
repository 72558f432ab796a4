#pragma once

#include <cstdint>

namespace kin::testing {

/// How often this program has called operator new.
std::int64_t allocations() noexcept;

}  // namespace kin::testing
