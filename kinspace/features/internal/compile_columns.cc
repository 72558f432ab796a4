#include "kinspace/features/internal/compile_columns.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/features/describe_column.h"
#include "kinspace/features/internal/bucketized_encoder.h"
#include "kinspace/features/internal/categorical_encoder.h"
#include "kinspace/features/internal/compile_cross.h"
#include "kinspace/features/internal/crossed_encoder.h"
#include "kinspace/features/internal/id_maker.h"
#include "kinspace/features/internal/numeric_encoder.h"
#include "kinspace/features/internal/value_reader.h"
#include "kinspace/features/internal/weights.h"
#include "kinspace/features/vocabulary_file.h"

namespace kin::internal {
namespace {

// Refuses words that a setting does not know; columns made in code have not been read from a spec.
struct WordChecker {
  std::string column;

  template <class T>
  void option(const char* name, T& value, const char* /*help*/, const Allowed& allowed = {}) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (allowed.words.empty() ||
          std::find(allowed.words.begin(), allowed.words.end(), value) != allowed.words.end()) {
        return;
      }
      throw Error::invalid_argument(fmt::format("columns.{}.{} is {}{}", toml_key(column), name, quoted(value),
                                                did_you_mean(value, allowed.words)));
    }
  }
};

// The keys of a list, refused where one stands twice.
KeyList listed_keys(const std::string& name, const VocabularyColumn& column) {
  KeyIndex seen(false);
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    const std::uint32_t number = seen.insert(column.values[i]);
    if (number == i) continue;
    throw Error::invalid_argument(fmt::format("columns.{}.values: entry {} repeats {}, which is entry {}",
                                              toml_key(name), i + 1, quoted(column.values[i]), number + 1));
  }
  return seen.keys();
}

std::string path_of(const std::string& path, const std::string& directory) {
  if (path.starts_with('/') || directory.empty()) return path;
  const std::string below = directory + "/" + path;
  return file_exists(below) ? below : path;
}

VocabularyRules rules_of(const std::string& name, const VocabularyColumn& column) {
  const std::string key = toml_key(name);
  if (column.oov_buckets < 0) {
    throw Error::invalid_argument(fmt::format("columns.{}.oov_buckets is {}", key, column.oov_buckets));
  }
  const int ways =
      (column.oov == "row" ? 1 : 0) + (column.oov_buckets > 0 ? 1 : 0) + (column.default_value != -1 ? 1 : 0);
  if (ways > 1) {
    throw Error::invalid_argument(fmt::format("columns.{}: oov = \"row\", oov_buckets and default_value each say what "
                                              "becomes of values out of vocabulary",
                                              key),
                                  "set one of them");
  }
  return {.column = name,
          .limits = {.min_count = column.min_count, .max_size = column.max_size},
          .default_value = column.default_value,
          .oov_buckets = column.oov_buckets,
          .oov_row = column.oov == "row"};
}

Vocabulary vocabulary_of(KeyList keys) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(keys.size()));
  return Vocabulary(std::move(keys), std::move(counts));
}

std::unique_ptr<IdMaker> vocabulary_ids(const std::string& name, const VocabularyColumn& column, FittedColumns& fitted,
                                        const std::string& directory) {
  VocabularyRules rules = rules_of(name, column);
  const std::string key = toml_key(name);
  const bool integers = column.dtype == "integer";
  if (!column.values.empty() && !column.path.empty()) {
    throw Error::invalid_argument(fmt::format("columns.{}: values and path both give the vocabulary", key));
  }
  if (column.path_rows < 0 || (column.path_rows > 0 && column.path.empty())) {
    throw Error::invalid_argument(fmt::format("columns.{}.path_rows is {}{}", key, column.path_rows,
                                              column.path.empty() ? ", and there is no path" : ""));
  }
  const auto known = fitted.find(name);
  const Vocabulary* const learned =
      known == fitted.end() || known->second.vocabulary.size() == 0 ? nullptr : &known->second.vocabulary;
  if (column.values.empty() && column.path.empty()) return learned_vocabulary_ids(std::move(rules), learned);
  std::shared_ptr<const Vocabulary> given;
  if (!column.values.empty()) {
    given = std::make_shared<const Vocabulary>(vocabulary_of(listed_keys(name, column)));
  } else {
    // A model keeps the words of the file, which may change or be gone.
    Vocabulary& kept = fitted[name].vocabulary;
    if (learned == nullptr)
      kept = vocabulary_of(read_vocabulary_file(path_of(column.path, directory), column.path_rows, integers));
    given = std::shared_ptr<const Vocabulary>(std::shared_ptr<const Vocabulary>(), &kept);
  }
  auto ids = given_vocabulary_ids(std::move(rules), std::move(given), column.dtype == "string");
  if (integers) ids->bind(true);
  return ids;
}

class Compiler {
 public:
  Compiler(const FeatureColumns& columns, FittedColumns& fitted, const std::string& directory)
      : columns_(columns), fitted_(fitted), directory_(directory), crosses_(columns) {}

  CompiledColumns run() {
    CompiledColumns out;
    find_sources();
    for (auto& [source, use] : sources_) {
      use.place = out.sources.size();
      out.sources.push_back(source);
      out.readers.push_back(use.reader);
    }
    for (const auto& [name, column] : columns_) {
      EncodedInfo info;
      info.name = name;
      info.tf_name = crosses_.tf_name(name);
      out.infos.push_back(std::move(info));
      out.encoders.push_back(
          std::visit([&, &column_name = name](const auto& c) { return compile(column_name, c); }, column));
      out.parts.push_back(crosses_.parts(name));
    }
    // Crosses are flattened, so no cross is a part of another one.
    for (const bool crosses : {false, true}) {
      std::size_t i = 0;
      for (const auto& [name, column] : columns_) {
        if (std::holds_alternative<CrossedColumn>(column) == crosses) out.order.push_back(i);
        ++i;
      }
    }
    return out;
  }

 private:
  // A data column: a column that reads it, and its place among all.
  struct Use {
    std::string reader;
    std::size_t place = 0;
  };

  void find_sources() {
    for (const auto& [name, column] : columns_) {
      std::visit(
          [&, &column_name = name](auto c) {
            WordChecker checker{column_name};
            describe(c, checker);
            if constexpr (requires { c.weight; }) {
              if (!c.weight.empty()) sources_.try_emplace(c.weight, Use{column_name});
            }
            if constexpr (std::is_same_v<decltype(c), CrossedColumn>) {
              for (const CrossLeaf& leaf : crosses_.leaves(column_name)) {
                if (leaf.data) sources_.try_emplace(leaf.name, Use{column_name});
              }
            } else if constexpr (std::is_same_v<decltype(c.source), std::string>) {
              sources_.try_emplace(c.source.empty() ? column_name : c.source, Use{column_name});
            } else if (c.source.empty()) {
              sources_.try_emplace(column_name, Use{column_name});
            } else {
              for (const std::string& source : c.source) sources_.try_emplace(source, Use{column_name});
            }
          },
          column);
    }
  }

  std::size_t source(const std::string& name) const { return sources_.at(name).place; }

  const FittedColumn* fitted(const std::string& name) const {
    const auto found = fitted_.find(name);
    return found == fitted_.end() ? nullptr : &found->second;
  }
  const FittedColumn* fitted_numbers(const std::string& name) const {
    const FittedColumn* const found = fitted(name);
    return found == nullptr || found->numbers.empty() ? nullptr : found;
  }

  template <class Column>
  std::optional<Weights> weights(const std::string& name, const Column& column, const std::string& split) const {
    if (column.weight.empty()) return std::nullopt;
    if constexpr (requires { column.pair; }) {
      if (!column.pair.empty()) {
        throw Error::invalid_argument(fmt::format("columns.{}: weight and pair both give weights", toml_key(name)));
      }
    }
    return Weights(name, source(column.weight), split, column.pairing);
  }

  template <class Column>
  std::unique_ptr<ColumnEncoder> categorical(const std::string& name, const Column& column, CellOptions::Type type,
                                             std::unique_ptr<IdMaker> ids) const {
    const std::string key = toml_key(name);
    for (const std::string* text : {&column.split, &column.pair}) {
      if (text->size() > 4) {
        throw Error::invalid_argument(fmt::format("columns.{}: {} has more than 4 bytes", key, quoted(*text)));
      }
    }
    if (!column.derive.empty() && !(column.split.empty() && column.pair.empty())) {
      throw Error::invalid_argument(fmt::format("columns.{}: split cells and derive do not go together", key));
    }
    if (!column.pair.empty() && column.pair == column.split) {
      throw Error::invalid_argument(fmt::format("columns.{}: split and pair are both {}", key, quoted(column.pair)));
    }
    auto reader = read_cells({.column = name,
                              .source = source(column.source.empty() ? name : column.source),
                              .split = column.split,
                              .pair = column.pair,
                              .derive = column.derive,
                              .time_zone = column.time_zone,
                              .missing = column.missing == "null" ? Missing::kNull : Missing::kTensorFlow,
                              .type = type});
    return std::make_unique<CategoricalEncoder>(
        std::move(reader), std::move(ids), weights(name, column, column.split),
        CategoricalEncoder::Options{.sequence = column.sequence, .pairs = !column.pair.empty()});
  }

  static CellOptions::Type cell_type(const std::string& dtype) {
    return dtype == "string"    ? CellOptions::Type::kString
           : dtype == "integer" ? CellOptions::Type::kInteger
                                : CellOptions::Type::kAuto;
  }

  template <class Column>
  NumberReader numbers(const std::string& name, const Column& column, bool sequence) const {
    std::vector<std::size_t> sources;
    for (const std::string& data : column.source) sources.push_back(source(data));
    if (sources.empty()) sources.push_back(source(name));
    return NumberReader({.column = name,
                         .sources = std::move(sources),
                         .split = column.split,
                         .derive = column.derive,
                         .time_zone = column.time_zone,
                         .size = column.size,
                         .sequence = sequence});
  }

  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const NumericColumn& column) const {
    return std::make_unique<NumericEncoder>(name, column, numbers(name, column, column.sequence), fitted_numbers(name));
  }
  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const BucketizedColumn& column) const {
    return std::make_unique<BucketizedEncoder>(name, column, numbers(name, column, false),
                                               weights(name, column, column.split), fitted_numbers(name));
  }
  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const IdentityColumn& column) const {
    return categorical(name, column, CellOptions::Type::kInteger, identity_ids(column, name));
  }
  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const HashColumn& column) const {
    return categorical(name, column, cell_type(column.dtype), hash_ids(name, column.buckets, column.salt));
  }
  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const VocabularyColumn& column) const {
    return categorical(name, column, cell_type(column.dtype), vocabulary_ids(name, column, fitted_, directory_));
  }
  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const TextColumn& column) const {
    const TokenizerOptions options{.lower = column.lower,
                                   .punctuation = column.punctuation,
                                   .ngrams = column.ngrams,
                                   .max_words = column.max_words};
    if (column.buckets != 0 && !(column.values.empty() && column.path.empty())) {
      throw Error::invalid_argument(fmt::format("columns.{}: buckets and {} both say what the ids are", toml_key(name),
                                                column.path.empty() ? "values" : "path"),
                                    "leave out buckets");
    }
    VocabularyColumn words;
    words.dtype = "string";
    words.values = column.values;
    words.path = column.path;
    words.path_rows = column.path_rows;
    words.min_count = column.min_count;
    words.max_size = column.max_size;
    words.oov_buckets = column.oov_buckets;
    auto ids =
        column.buckets != 0 ? hash_ids(name, column.buckets, {}) : vocabulary_ids(name, words, fitted_, directory_);
    return std::make_unique<CategoricalEncoder>(
        read_words(name, source(column.source.empty() ? name : column.source), options), std::move(ids), std::nullopt,
        CategoricalEncoder::Options{.sequence = column.sequence, .pairs = false});
  }
  std::unique_ptr<ColumnEncoder> compile(const std::string& name, const CrossedColumn& column) const {
    std::vector<CrossedEncoder::Leaf> leaves;
    for (const CrossLeaf& leaf : crosses_.leaves(name)) {
      if (!leaf.data) {
        leaves.push_back({leaf.name, nullptr, leaf.part});
        continue;
      }
      auto reader = read_cells({.column = name,
                                .source = source(leaf.name),
                                .split = leaf.split,
                                .pair = {},
                                .derive = {},
                                .time_zone = {},
                                .missing = column.missing == "null" ? Missing::kNull : Missing::kNone,
                                .type = CellOptions::Type::kTruncated});
      leaves.push_back({leaf.name, std::move(reader), 0});
    }
    std::optional<Weights> given = weights(name, column, "");
    return std::make_unique<CrossedEncoder>(name, column, std::move(leaves),
                                            given ? std::make_unique<Weights>(*given) : nullptr);
  }

  const FeatureColumns& columns_;
  FittedColumns& fitted_;
  const std::string& directory_;
  CrossPlan crosses_;
  std::map<std::string, Use> sources_;
};

}  // namespace

CompiledColumns compile_columns(const FeatureColumns& columns, FittedColumns& fitted, const std::string& directory) {
  return Compiler(columns, fitted, directory).run();
}

}  // namespace kin::internal
