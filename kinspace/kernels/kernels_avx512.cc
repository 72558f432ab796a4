#include "kinspace/kernels/bytes64_avx512.h"
#include "kinspace/kernels/internal/tables.h"
#include "kinspace/kernels/table_impl.h"
#include "kinspace/kernels/vec16_avx512.h"
#include "kinspace/kernels/words8_avx512.h"

namespace kin::kernels::internal {

const Table& avx512_table() noexcept {
  return kTable<Avx512Vec, Avx512Bytes, Avx512Words>;
}

}  // namespace kin::kernels::internal
