#include "kinspace/kernels/bytes64_scalar.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/table_impl.h"
#include "kinspace/kernels/vec16_scalar.h"
#include "kinspace/kernels/words8_scalar.h"

namespace kin::kernels::internal {

const Table& scalar_table() noexcept {
  return kTable<ScalarVec, ScalarBytes, ScalarWords>;
}

}  // namespace kin::kernels::internal
