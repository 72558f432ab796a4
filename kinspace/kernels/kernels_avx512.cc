#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/table_impl.h"
#include "kinspace/kernels/vec16_avx512.h"

namespace kin::kernels::internal {

const Table& avx512_table() noexcept {
  return kTable<Avx512Vec>;
}

}  // namespace kin::kernels::internal
