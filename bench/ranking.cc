// The best items of each user, all items looked at, and one line of JSON.
//
//   kin_ranking --data FOLDER [--threads 1] [--users 0] [--export FILE.npy]
//
// FOLDER holds users.npy and items.npy, [any, D] of float32. --users: so many of them, 0 for all. --export writes the
// rows of the items as numbers, [users, 20].

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/arguments.h"
#include "bench/meter.h"
#include "bench/npy.h"
#include "kinspace/base/error.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/index/exact.h"
#include "kinspace/kernels/kernels.h"

namespace {

constexpr std::int64_t kNeighbours = 20;
constexpr std::int64_t kAtOnce = 1024;  // users, as an evaluation asks for them

kin::ConstMatrixView view(const kin::bench::NpyFile& file, std::int64_t first, std::int64_t rows) {
  return {file.values<float>() + first * file.cols, rows, file.cols, file.cols};
}

void run(const kin::bench::Arguments& arguments) {
  const std::string data = arguments.text("data", "build/bench-data/ranking");
  const auto threads = static_cast<int>(arguments.number("threads", 1));
  const kin::bench::NpyFile users(data + "/users.npy", "<f4"), items(data + "/items.npy", "<f4");
  const std::int64_t asked = arguments.number("users", 0);
  const std::int64_t count = asked == 0 ? users.rows : std::min(asked, users.rows);

  kin::ThreadPool pool(threads);
  kin::Matrix best(count, kNeighbours);
  const auto start = kin::bench::Moment::now();
  const kin::ExactIndex index(pool, view(items, 0, items.rows), kin::Similarity::kDot);
  for (std::int64_t first = 0; first < count; first += kAtOnce) {
    const auto found = index.search(pool, view(users, first, std::min(kAtOnce, count - first)), kNeighbours);
    for (std::size_t b = 0; b < found.size(); ++b) {
      float* const row = best.row(first + static_cast<std::int64_t>(b));
      std::transform(found[b].begin(), found[b].end(), row,
                     [](const kin::Neighbour& n) { return static_cast<float>(n.row); });
    }
  }
  const kin::bench::Moment taken = kin::bench::Moment::now() - start;
  const auto done = static_cast<double>(count);
  std::printf(
      "{\"name\": \"kin\", \"version\": \"%s\", \"threads\": %d, \"users\": %.0f, \"users_per_s\": %.1f, "
      "\"users_per_cpu_s\": %.1f, \"wall_s\": %.4f, \"cpu_s\": %.4f, \"peak_rss_mb\": %.1f}\n",
      std::string(kin::kernels::isa_name(kin::kernels::active().isa)).c_str(), threads, done, done / taken.wall,
      done / taken.cpu, taken.wall, taken.cpu, kin::bench::peak_mb());
  const std::string to = arguments.text("export", "");
  if (to.empty()) return;
  kin::bench::export_npy(to, best.view());
}

}  // namespace

int main(int argc, char** argv) {
  return kin::bench::run_program("kin_ranking", argc, argv, run);
}
