#pragma once

#include <cstdint>
#include <string_view>

namespace kin {

/// How factors enter a matrix product, and how the rows of a table are kept. Sums, and all that is computed, are
/// floats.
enum class Precision : std::uint8_t {
  kFp32 = 0,  ///< as they are
  kBf16 = 1   ///< rounded to the 8 bits of bf16, the upper half of a float: half the memory, and some processors
              ///< multiply them twice as fast
};

/// By its name, fp32 or bf16. Errors: kInvalidArgument for another one.
Precision precision_named(std::string_view name);

}  // namespace kin
