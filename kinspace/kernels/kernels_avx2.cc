#include "kinspace/kernels/bytes64_avx2.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/table_impl.h"
#include "kinspace/kernels/vec16_avx2.h"
#include "kinspace/kernels/words8_scalar.h"

namespace kin::kernels::internal {

const Table& avx2_table() noexcept {
  return kTable<Avx2Vec, Avx2Bytes, ScalarWords>;
}

}  // namespace kin::kernels::internal
