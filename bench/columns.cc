// CSV to ids and numbers in memory, one thread; rivals/columns_rival.py says what the job is. Prints one line of JSON.
//
//   kin_columns --file ratings.csv --shape ratings|genres|criteo [--ids hash|vocabulary] [--export FOLDER]

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "bench/arguments.h"
#include "bench/meter.h"
#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/data/table.h"
#include "kinspace/features/encoded_table.h"
#include "kinspace/features/encoder.h"
#include "kinspace/formats/npy.h"
#include "kinspace/kernels/kernels.h"

namespace {

kin::NumericColumn number() {
  kin::NumericColumn column;
  column.missing = "nan";
  return column;
}

kin::FeatureColumns feature_columns(const std::string& shape, bool hashed) {
  kin::FeatureColumns columns;
  if (shape == "criteo") {
    columns["label"] = number();
    for (int i = 1; i <= 13; ++i) columns["I" + std::to_string(i)] = number();
    for (int i = 1; i <= 26; ++i) {
      kin::HashColumn hash;
      hash.buckets = 1'000'000;
      const std::string name = "C" + std::to_string(i);
      if (hashed) {
        columns[name] = hash;
      } else {
        columns[name] = kin::VocabularyColumn();
      }
    }
    return columns;
  }
  columns["userId"] = kin::VocabularyColumn();
  columns["movieId"] = kin::VocabularyColumn();
  if (shape == "ratings") {
    columns["rating"] = number();
    columns["timestamp"] = number();
  } else {
    kin::VocabularyColumn genres;
    genres.split = "|";
    columns["genres"] = genres;
  }
  return columns;
}

void export_npy(const std::string& path, const std::vector<std::int64_t>& values) {
  kin::AtomicFile file(path);
  file.write(kin::npy_header("<i8", {static_cast<std::int64_t>(values.size())}));
  file.write({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::int64_t)});
  file.commit();
}

// The ids of each categorical column, and the offsets of its rows where they are not one each.
void export_ids(const kin::EncodedTable& table, const std::string& folder) {
  kin::EncodedBatch all;
  table.read(0, table.rows(), all);
  for (std::size_t c = 0; c < all.columns.size(); ++c) {
    const kin::EncodedInfo& info = table.columns()[c].info;
    if (!info.categorical) continue;
    export_npy(folder + "/" + info.name + ".npy", all.columns[c].ids);
    const std::vector<std::int64_t>& offsets = all.columns[c].offsets;
    bool single = true;
    for (std::size_t r = 0; r < offsets.size(); ++r) single = single && offsets[r] == static_cast<std::int64_t>(r);
    if (!single) export_npy(folder + "/" + info.name + ".offsets.npy", offsets);
  }
}

// The whole job.
kin::EncodedTable encode(const std::string& file, kin::Encoder& encoder) {
  kin::DataOptions data;
  data.path = {file};
  const auto table = kin::open_table(data);
  table->start(encoder.bind(table->fields(), file));
  kin::EncodedTable encoded(encoder.columns());
  encoded.reserve(table->estimated_rows() + table->estimated_rows() / 50);
  const bool learns = encoder.one_pass();
  kin::Batch batch;
  kin::EncodedBatch part;
  std::vector<std::uint32_t> rows;
  while (table->next(batch)) {
    if (learns) {
      if (rows.size() < static_cast<std::size_t>(batch.rows)) {
        rows.resize(static_cast<std::size_t>(batch.rows));
        std::iota(rows.begin(), rows.end(), 0U);
      }
      const std::span<const std::uint32_t> all(rows.data(), static_cast<std::size_t>(batch.rows));
      encoder.learn_and_encode(batch, all, all, part);
    } else {
      encoder.encode(batch, part);
    }
    encoded.append(part);
  }
  if (learns) encoder.finish_learning();
  for (std::size_t c = 0; c < encoder.columns().size(); ++c) {
    if (!encoder.renumbering(c).empty()) encoded.renumber(c, encoder.renumbering(c));
  }
  return encoded;
}

int run(const kin::bench::Arguments& arguments) {
  const std::string shape = arguments.text("shape", "ratings");
  const std::string file = arguments.text("file", "ratings.csv");
  kin::Encoder encoder(feature_columns(shape, arguments.text("ids", "hash") == "hash"));
  const auto start = kin::bench::Moment::now();
  const kin::EncodedTable encoded = encode(file, encoder);
  const kin::bench::Moment taken = kin::bench::Moment::now() - start;
  const std::string folder = arguments.text("export", "");
  if (!folder.empty()) export_ids(encoded, folder);
  const auto bytes = static_cast<double>(kin::file_size(file));
  std::printf(
      "{\"name\": \"kin\", \"isa\": \"%s\", \"rows\": %lld, \"bytes_per_s\": %.0f, \"bytes_per_cpu_s\": %.0f, "
      "\"wall_s\": %.4f, \"cpu_s\": %.4f, \"peak_rss_mb\": %.0f, \"encoded_mb\": %.0f}\n",
      std::string(kin::kernels::isa_name(kin::kernels::active().isa)).c_str(), static_cast<long long>(encoded.rows()),
      bytes / taken.wall, bytes / taken.cpu, taken.wall, taken.cpu, kin::bench::peak_mb(),
      static_cast<double>(encoded.bytes()) / 1048576);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(kin::bench::Arguments(argc, argv));
  } catch (const kin::Error& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), error.fix().c_str());
    return 1;
  }
}
