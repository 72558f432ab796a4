// Writes into the directory given what test_tensorboard.py shows to the real TensorBoard: `run`, a training that was
// killed at step 60 and resumed before step 50; `run/eval`; and `vectors`, two tables for the projector.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/formats/event_file.h"
#include "kinspace/formats/projector.h"
#include "kinspace/tensor/value_summary.h"

namespace {

kin::Matrix table(std::int64_t rows, std::int64_t cols) {
  kin::Matrix m(rows, cols);
  for (std::size_t i = 0; i < m.values().size(); ++i) m.values()[i] = std::sin(static_cast<float>(i));
  return m;
}

void write_steps(kin::EventWriter& writer, std::int64_t from, std::int64_t to, double loss) {
  kin::ThreadPool pool(1);
  const kin::Matrix m = table(50, 4);
  for (std::int64_t step = from; step <= to; step += 10) {
    writer.scalars(step, std::vector<kin::EventScalar>{{"loss", loss}, {"rate/日", 0.0}});
    writer.histogram(step, "table", kin::summarize_values(pool, m.view()).histogram);
  }
}

void write_run(const std::string& directory) {
  std::string killed;
  {
    kin::EventWriter writer(directory, {.start_step = 0});
    write_steps(writer, 0, 60, 1);
    writer.flush();
    killed = writer.path();
  }
  std::filesystem::resize_file(killed, std::filesystem::file_size(killed) - 7);
  kin::EventWriter resumed(directory, {.start_step = 50});
  write_steps(resumed, 50, 90, 2);
  kin::EventWriter eval(directory + "/eval");
  eval.scalars(90, std::vector<kin::EventScalar>{{"auc", 0.75}});
}

void write_vectors(const std::string& directory) {
  const kin::Matrix items = table(5, 3);
  const kin::Matrix words = table(4, 1);
  kin::write_projector(directory,
                       {{"item embedding/日 & \"more\"",
                         items.view(),
                         {{"title", {"a", "", "tab\there", "Straße", "日本"}}, {"year", {"1", "", "3", "4", "5"}}}},
                        {"words", words.view(), {{"word", {" ", "b", "c", "d"}}}},
                        {"plain", items.view()}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_tensorboard_logs DIRECTORY\n", stderr);
    return 2;
  }
  try {
    write_run(std::string(argv[1]) + "/run");
    write_vectors(std::string(argv[1]) + "/vectors");
  } catch (const kin::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kin::exit_status(error.code());
  }
  return 0;
}
