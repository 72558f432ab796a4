// Parquet to ids and numbers, one thread: Kinspace reads and encodes the flights; DuckDB alone scans the same columns,
// fetched through its C interface chunk by chunk and summed, so that every value is touched. Same process, same
// library, taking turns; figures are CPU seconds of the process. Prints one line of JSON.
//
//   kin_parquet --file build/node-data/node_modules/vega-datasets/data/flights-3m.parquet [--rounds 9] [--cross 0]
//               [--codes 1]

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/arguments.h"
#include "kinspace/base/error.h"
#include "kinspace/data/duckdb_session.h"
#include "kinspace/data/duckdb_table.h"
#include "kinspace/features/encoder.h"

namespace {

using kin::duckdb::Type;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

template <class Value>
std::uint64_t sum(const void* data, kin::duckdb::Index count) {
  std::uint64_t total = 0;
  for (kin::duckdb::Index i = 0; i < count; ++i) {
    total += static_cast<std::uint64_t>(static_cast<const Value*>(data)[i]);
  }
  return total;
}

// Rows that DuckDB scans; `check` takes the sum of all values.
std::int64_t scan(const kin::duckdb::Session& session, const std::string& file, std::uint64_t& check) {
  const kin::duckdb::Api& api = session.api();
  const auto rows = session.rows("SELECT date, delay, distance, origin, destination FROM read_parquet(" +
                                 kin::duckdb::quote_literal(file) + ")");
  std::vector<Type> types;
  for (const auto& column : rows->columns()) types.push_back(api.get_type_id(column.type.get()));
  std::int64_t total = 0;
  for (auto chunk = rows->fetch(); chunk; chunk = rows->fetch()) {
    const kin::duckdb::Index count = api.data_chunk_get_size(chunk.get());
    total += static_cast<std::int64_t>(count);
    for (std::size_t i = 0; i < types.size(); ++i) {
      const void* data = api.vector_get_data(api.data_chunk_get_vector(chunk.get(), i));
      if (types[i] == Type::kVarchar) {
        const auto* strings = static_cast<const kin::duckdb::String*>(data);
        for (kin::duckdb::Index row = 0; row < count; ++row) {
          check += strings[row].length + static_cast<unsigned char>(strings[row].bytes()[0]);
        }
      } else {
        check += sum<std::int64_t>(data, count);
      }
    }
  }
  return total;
}

kin::FeatureColumns feature_columns(bool cross) {
  kin::FeatureColumns columns;
  kin::VocabularyColumn origin, destination;
  origin.source = "origin";
  destination.source = "destination";
  columns["origin"] = origin;
  columns["destination"] = destination;
  kin::IdentityColumn hour;
  hour.source = "date";
  hour.derive = "hour";
  columns["hour"] = hour;
  kin::NumericColumn distance, delay;
  distance.source = {"distance"};
  delay.source = {"delay"};
  columns["distance"] = distance;
  columns["delay"] = delay;
  if (cross) {
    kin::CrossedColumn origin_hour;
    origin_hour.of = {"origin", "hour"};
    columns["origin_hour"] = origin_hour;
  }
  return columns;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run(const kin::bench::Arguments& arguments) {
  const std::string file = arguments.text("file", "build/node-data/node_modules/vega-datasets/data/flights-3m.parquet");
  const auto rounds = static_cast<std::size_t>(arguments.number("rounds", 9));
  const auto table = kin::open_duckdb_table({}, {file}, {.codes = arguments.number("codes", 1) != 0});
  kin::Encoder encoder(feature_columns(arguments.number("cross", 0) != 0));
  const auto wanted = encoder.bind(table->fields(), file);
  table->start(wanted);
  kin::Batch batch;
  while (table->next(batch)) encoder.learn(batch);
  encoder.finish_learning();

  const kin::duckdb::Session session({});
  std::vector<double> scans, reads, encodes, ratios;
  std::uint64_t check = 0, ids = 0;
  std::int64_t rows = 0;
  kin::EncodedBatch encoded;
  for (std::size_t round = 0; round < rounds; ++round) {
    const double begin = cpu_seconds();
    rows = scan(session, file, check);
    const double scanned = cpu_seconds();
    table->start(wanted);
    while (table->next(batch)) check += static_cast<std::uint64_t>(batch.rows);
    const double read = cpu_seconds();
    table->start(wanted);
    while (table->next(batch)) {
      encoder.encode(batch, encoded);
      for (const auto& column : encoded.columns) ids += column.ids.size();
    }
    const double done = cpu_seconds();
    scans.push_back(scanned - begin);
    reads.push_back(read - scanned);
    encodes.push_back(done - read);
    ratios.push_back(scans.back() / encodes.back());
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf(
      "{\"rows\": %lld, \"duckdb\": \"%s\", \"scan_s\": %.4f, \"read_s\": %.4f, \"encode_s\": %.4f, "
      "\"encode_over_scan\": %.3f, \"range\": [%.3f, %.3f], \"check\": %llu}\n",
      static_cast<long long>(rows), session.api().version.c_str(), median(scans), median(reads), median(encodes),
      median(ratios), ratios[ratios.size() / 10], ratios[ratios.size() * 9 / 10],
      static_cast<unsigned long long>(check + ids));
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
