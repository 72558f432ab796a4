#include "kinspace/tensor/precision.h"

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {

Precision precision_named(std::string_view name) {
  if (name == "fp32") return Precision::kFp32;
  if (name == "bf16") return Precision::kBf16;
  throw Error::invalid_argument("a precision cannot be " + quoted(name), "take fp32 or bf16");
}

}  // namespace kin
