#include <algorithm>
#include <cstdlib>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/kernels.h"

namespace kin::kernels {
namespace {

constexpr Isa kAll[] = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16};

// These builtins look at the processor's feature bits and at whether the operating system saves the registers.
bool runs_here(Isa isa) noexcept {
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
                    __builtin_cpu_supports("popcnt") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                      __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0;
  switch (isa) {
    case Isa::kScalar:
      return true;
    case Isa::kAvx2:
      return avx2;
    case Isa::kAvx512:
      return avx512;
    case Isa::kAvx512Bf16:
      return avx512 && __builtin_cpu_supports("avx512bf16") != 0;
  }
  return false;
}

Error not_here(Isa isa) {
  return Error::not_supported("this processor cannot run the " + std::string(isa_name(isa)) + " kernels",
                              "unset KIN_ISA, or set it to a smaller set: all give the same bits");
}

}  // namespace

std::string_view isa_name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Bf16:
      return "avx512_bf16";
  }
  return "unknown";
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(isas), runs_here);
  return isas;
}

Isa internal::choose(const char* wanted, std::span<const Isa> supported) {
  if (wanted == nullptr || *wanted == '\0') return supported.back();
  const auto* found = std::find_if(std::begin(kAll), std::end(kAll), [&](Isa isa) { return isa_name(isa) == wanted; });
  if (found == std::end(kAll)) {
    throw Error::invalid_argument("KIN_ISA is " + quoted(wanted) + "; it must be scalar, avx2, avx512 or avx512_bf16",
                                  "unset it to get the fastest that this processor has");
  }
  if (std::find(supported.begin(), supported.end(), *found) == supported.end()) throw not_here(*found);
  return *found;
}

const Table& table(Isa isa) {
  if (!runs_here(isa)) throw not_here(isa);
  switch (isa) {
    case Isa::kAvx2:
      return internal::avx2_table();
    case Isa::kAvx512:
      return internal::avx512_table();
    case Isa::kAvx512Bf16:
      return internal::avx512_bf16_table();
    case Isa::kScalar:
      break;
  }
  return internal::scalar_table();
}

const Table& active() {
  static const Table& chosen = table(internal::choose(std::getenv("KIN_ISA"), supported_isas()));
  return chosen;
}

}  // namespace kin::kernels
