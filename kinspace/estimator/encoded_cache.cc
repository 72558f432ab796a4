#include <fmt/core.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/data/input_files.h"
#include "kinspace/estimator/dataset.h"
#include "kinspace/estimator/encode_table.h"
#include "kinspace/estimator/fitted_columns.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/formats/run_directory.h"
#include "kinspace/formats/safetensors.h"

namespace kin {
namespace {

using Json = nlohmann::json;

constexpr const char* kManifest = "encoded.json";
constexpr const char* kIds = "ids.safetensors";
constexpr const char* kParts = ":parts";  // no name of a column

/// What decides the ids: data, columns and split; the rest of the spec may change.
std::string spec_key(const Spec& spec) {
  Spec key;
  key.data = spec.data;
  key.columns = spec.columns;
  key.split = spec.split;
  key.model.kind = "none";
  return canonical_json(key);
}

/// Path, size and time of change of every file that is read.
Json stamps(const Spec& spec, const std::string& directory) {
  std::vector<std::string> files = find_input_files(spec.data.path, directory);
  for (const auto& [name, column] : spec.columns) {
    std::visit(
        [&](const auto& c) {
          if constexpr (requires { c.path; }) {
            if (!c.path.empty()) files.push_back(locate(c.path, directory));
          }
        },
        column);
  }
  Json out = Json::array();
  for (const std::string& file : files) {
    struct stat about {};
    if (stat(file.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return Json();  // a pipe is never the same again
    out.push_back({file, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec});
  }
  return out;
}

template <class T>
void put(std::vector<TensorSource>& out, const EncodedStore& s, const char* what, const LargeVector<T>& values) {
  if (values.empty()) return;
  out.push_back(TensorSource::contiguous<T>(s.info.name + "/" + what, {static_cast<std::int64_t>(values.size())},
                                            std::span<const T>(values)));
}

template <class T>
void get(SafetensorsReader& reader, const EncodedStore& s, const char* what, LargeVector<T>& values) {
  const TensorInfo* tensor = reader.find(s.info.name + "/" + what);
  if (tensor == nullptr) return;
  values.resize(tensor->shape.size() == 1 ? static_cast<std::size_t>(tensor->shape[0]) : 0);
  reader.read(tensor->name, std::span<T>(values));
}

void save(const std::string& directory, const std::string& key, const Json& sources, const EncodedData& data) {
  std::vector<TensorSource> tensors;
  for (const EncodedStore& s : data.table.columns()) {
    put(tensors, s, "offsets", s.offsets);
    put(tensors, s, "ids", s.ids);
    put(tensors, s, "wide_ids", s.wide_ids);
    put(tensors, s, "weights", s.weights);
    put(tensors, s, "positions", s.positions);
    put(tensors, s, "dense", s.dense);
    put(tensors, s, "lengths", s.lengths);
  }
  static_assert(sizeof(Part) == 1);
  tensors.push_back(TensorSource::contiguous<std::uint8_t>(
      kParts, {data.counts.kept_rows},
      std::span(reinterpret_cast<const std::uint8_t*>(data.parts.data()), data.parts.size())));
  Manifest manifest;
  manifest.kind = "encoded";
  manifest.spec = key;
  manifest.files = save_vocabularies(directory, data.encoder.learned());
  manifest.files.push_back(write_safetensors(directory, kIds, std::move(tensors)));
  manifest.attributes = Json{{"sources", sources},
                             {"rows", data.counts.rows},
                             {"kept_rows", data.counts.kept_rows},
                             {"bad_rows", data.counts.bad_rows},
                             {"digest", data.counts.digest},
                             {"learned", Json::parse(fitted_numbers_json(data.encoder.learned()))}}
                            .dump();
  write_manifest(directory + "/" + kManifest, manifest);
}

std::optional<EncodedData> load(const std::string& directory, const Spec& spec, const std::string& key,
                                const Json& sources, const EncodeOptions& options) {
  if (sources.is_null() || !file_exists(directory + "/" + kManifest)) return std::nullopt;
  try {
    const Manifest manifest = read_run_manifest(directory, kManifest);
    const Json about = Json::parse(manifest.attributes);
    if (manifest.kind != "encoded" || manifest.spec != key || about.at("sources") != sources) return std::nullopt;
    EncoderOptions encoder_options;
    encoder_options.directory = options.directory;
    Encoder encoder(spec.columns, load_fitted_columns(directory, manifest, about.at("learned").dump()),
                    encoder_options);
    if (!encoder.fitted()) return std::nullopt;
    const FileRecord& record = find_file(manifest, kIds);
    SafetensorsReader reader(resolve_model_file(directory, record.path), &record);
    std::vector<EncodedStore> stores;
    for (const EncodedInfo& info : encoder.columns()) {
      EncodedStore& s = stores.emplace_back();
      s.info = info;
      get(reader, s, "offsets", s.offsets);
      get(reader, s, "ids", s.ids);
      get(reader, s, "wide_ids", s.wide_ids);
      get(reader, s, "weights", s.weights);
      get(reader, s, "positions", s.positions);
      get(reader, s, "dense", s.dense);
      get(reader, s, "lengths", s.lengths);
    }
    EncodeCounts counts{about.at("rows"), about.at("kept_rows"), about.at("bad_rows"), about.at("digest")};
    EncodedTable table(counts.kept_rows, std::move(stores));
    std::vector<std::uint8_t> parts(static_cast<std::size_t>(counts.kept_rows));
    reader.read(kParts, std::span(parts));
    EncodedData data{std::move(encoder), std::move(table), std::move(counts), {}, true};
    for (const std::uint8_t part : parts) {
      if (part > static_cast<std::uint8_t>(Part::kTest)) return std::nullopt;
      data.parts.push_back(static_cast<Part>(part));
    }
    return data;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kNotSupported) return std::nullopt;
    throw;
  }
}

}  // namespace

EncodedData encode_table_cached(const Spec& spec, const EncodeOptions& options, const std::string& cache_directory) {
  const std::string key = spec_key(spec);
  const Json sources = spec.data.query.empty() ? stamps(spec, options.directory) : Json();
  make_directories(cache_directory);
  const FileLock lock(cache_directory + "/lock");
  if (auto kept = load(cache_directory, spec, key, sources, options)) return std::move(*kept);
  EncodedData data = encode_table(spec, options);
  if (!sources.is_null()) save(cache_directory, key, sources, data);
  return data;
}

}  // namespace kin
