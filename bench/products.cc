// One matrix product over and over, and one line of JSON.
//
//   kin_products --m 512 --n 1024 --k 429 [--transpose-a 0] [--transpose-b 0] [--precision fp32|bf16] [--threads 1]
//                [--ms 300]
//
// C [m, n] = op(A) op(B), with k multiply-adds for each element.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "bench/arguments.h"
#include "bench/meter.h"
#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/gemm.h"
#include "kinspace/tensor/matrix.h"

namespace {

using kin::bench::Moment;

kin::Matrix random_matrix(std::int64_t rows, std::int64_t cols, std::uint64_t number) {
  kin::Matrix matrix(rows, cols);
  kin::RandomStream random(number, kin::Purpose::kInit, 0, 0);
  for (float& value : matrix.values()) value = random.uniform() - 0.5F;
  return matrix;
}

void run(const kin::bench::Arguments& arguments) {
  const std::int64_t m = arguments.number("m", 512), n = arguments.number("n", 1024), k = arguments.number("k", 429);
  const auto threads = static_cast<int>(arguments.number("threads", 1));
  const auto turn = [&](const char* name) {
    return arguments.number(name, 0) != 0 ? kin::Transpose::kYes : kin::Transpose::kNo;
  };
  const kin::Transpose turn_a = turn("transpose-a"), turn_b = turn("transpose-b");
  const kin::Matrix a = turn_a == kin::Transpose::kNo ? random_matrix(m, k, 1) : random_matrix(k, m, 1);
  const kin::Matrix b = turn_b == kin::Transpose::kNo ? random_matrix(k, n, 2) : random_matrix(n, k, 2);
  kin::Matrix c(m, n);
  kin::ThreadPool pool(threads);
  const kin::Precision precision = kin::precision_named(arguments.text("precision", "fp32"));
  const auto product = [&] { kin::gemm(pool, precision, turn_a, a.view(), turn_b, b.view(), c.view()); };
  for (int i = 0; i < 3; ++i) product();

  const double wanted = static_cast<double>(arguments.number("ms", 300)) / 1e3;
  const Moment start = Moment::now();
  Moment taken;
  double products = 0;
  while (taken.wall < wanted) {
    product();
    ++products;
    taken = Moment::now() - start;
  }
  const double flop = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * products;
  std::printf(
      "{\"name\": \"kin\", \"version\": \"%s\", \"threads\": %d, \"flop_per_s\": %.0f, \"flop_per_cpu_s\": %.0f, "
      "\"wall_s\": %.4f, \"cpu_s\": %.4f, \"peak_rss_mb\": %.1f}\n",
      std::string(kin::kernels::isa_name(kin::kernels::active().isa)).c_str(), threads, flop / taken.wall,
      flop / taken.cpu, taken.wall, taken.cpu, kin::bench::peak_mb());
}

}  // namespace

int main(int argc, char** argv) {
  return kin::bench::run_program("kin_products", argc, argv, run);
}
