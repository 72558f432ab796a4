#include "kinspace/formats/write_vectors.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string>
#include <unordered_set>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;

/// A key as the format can write it, in `out`; true when it had to be changed.
bool writable_key(std::string_view key, VectorFormat format, std::string& out) {
  bool changed = key.empty();
  out.assign(changed ? "_" : key);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F && (c != ' ' || format == VectorFormat::kCsv)) continue;
    c = '_';
    changed = true;
  }
  return changed;
}

void append_csv_key(std::string& out, std::string_view key) {
  if (key.find_first_of(",\";\t") == std::string_view::npos) {
    out.append(key);
    return;
  }
  out.push_back('"');
  for (const char c : key) out.append(c == '"' ? 2 : 1, c);
  out.push_back('"');
}

}  // namespace

std::int64_t write_vectors(VectorFormat format, ConstMatrixView vectors, const TokenList* keys,
                           const std::function<void(std::string_view)>& sink) {
  if (keys != nullptr && static_cast<std::int64_t>(keys->size()) != vectors.rows) {
    throw Error::invalid_argument(fmt::format("{} keys for {} vectors", keys->size(), vectors.rows));
  }
  if (vectors.cols < 1) throw Error::invalid_argument("vectors without numbers cannot be written as text");
  const char separator = format == VectorFormat::kCsv ? ',' : ' ';
  std::string out;
  if (format == VectorFormat::kWord2vec || format == VectorFormat::kWord2vecBinary) {
    out = fmt::format("{} {}\n", vectors.rows, vectors.cols);
  } else if (format == VectorFormat::kCsv) {
    out = "key";
    for (std::int64_t c = 0; c < vectors.cols; ++c) out += fmt::format(",v{}", c);
    out.push_back('\n');
  }
  std::int64_t changed = 0;
  std::unordered_set<std::string> seen;
  std::string key;
  for (std::int64_t r = 0; r < vectors.rows; ++r) {
    const std::string original =
        keys == nullptr ? std::to_string(r) : std::string((*keys)[static_cast<std::size_t>(r)]);
    if (writable_key(original, format, key)) ++changed;
    if (!seen.insert(key).second) {
      throw Error::invalid_argument(
          fmt::format("two keys are written as {}, the second of them for row {}", kin::quoted(key), r),
          "take a format that keeps the keys: --to csv or --to safetensors");
    }
    const float* row = vectors.row(r);
    for (std::int64_t c = 0; c < vectors.cols; ++c) {
      if (!std::isfinite(row[c])) {
        throw Error::bad_data(fmt::format("the vector of {} holds a NaN or an infinity", kin::quoted(original)));
      }
    }
    if (format == VectorFormat::kCsv) {
      append_csv_key(out, key);
    } else {
      out.append(key);
    }
    if (format == VectorFormat::kWord2vecBinary) {
      out.push_back(' ');
      out.append(reinterpret_cast<const char*>(row), static_cast<std::size_t>(vectors.cols) * sizeof(float));
    } else {
      for (std::int64_t c = 0; c < vectors.cols; ++c)
        fmt::format_to(std::back_inserter(out), "{}{}", separator, row[c]);
    }
    out.push_back('\n');
    if (out.size() >= kPiece) {
      sink(out);
      out.clear();
    }
  }
  sink(out);
  return changed;
}

}  // namespace kin
