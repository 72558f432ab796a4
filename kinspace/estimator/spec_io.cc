#include "kinspace/estimator/spec_io.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/spec_options.h"
#include "kinspace/estimator/spec_value.h"
#include "kinspace/estimator/validate_spec.h"

namespace kin {
namespace {

bool is_column_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

bool is_pattern(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text.find_first_of(".\"\\\n") == std::string_view::npos;
}

/// Assigns a SpecValue to a member of a spec.
struct Assigner {
  const SpecValue& value;
  const Option& option;

  [[noreturn]] void wrong_type(const SpecValue& found) const {
    throw Error::invalid_argument(fmt::format("{}: {} must be {}{}, not {}", found.place, option.path,
                                              option.value.index() == 0   ? ""
                                              : option.value.index() <= 2 ? "an "
                                                                          : "a ",
                                              type_text(option), found.shown()));
  }
  void need(SpecValue::Kind kind, const SpecValue& found) const {
    if (found.kind != kind) wrong_type(found);
  }

  void operator()(bool* to) const {
    need(SpecValue::Kind::kBool, value);
    *to = value.truth;
  }
  void operator()(std::int64_t* to) const {
    need(SpecValue::Kind::kInteger, value);
    *to = value.integer;
  }
  void operator()(std::uint64_t* to) const {
    need(SpecValue::Kind::kInteger, value);
    if (value.integer < 0) {
      throw Error::invalid_argument(
          fmt::format("{}: {} must be at least 0, not {}", value.place, option.path, value.integer));
    }
    *to = static_cast<std::uint64_t>(value.integer);
  }
  void operator()(double* to) const {
    if (value.kind == SpecValue::Kind::kInteger) {
      *to = static_cast<double>(value.integer);
    } else {
      need(SpecValue::Kind::kNumber, value);
      *to = value.number;
    }
  }
  void operator()(float* to) const {
    double number = 0;
    (*this)(&number);
    *to = static_cast<float>(number);
  }
  void operator()(std::string* to) const {
    need(SpecValue::Kind::kString, value);
    *to = value.text;
  }
  void operator()(std::vector<std::int64_t>* to) const {
    to->clear();
    each([&](const SpecValue& item) {
      need(SpecValue::Kind::kInteger, item);
      to->push_back(item.integer);
    });
  }
  void operator()(std::vector<double>* to) const {
    to->clear();
    each([&](const SpecValue& item) {
      if (item.kind != SpecValue::Kind::kInteger) need(SpecValue::Kind::kNumber, item);
      to->push_back(item.kind == SpecValue::Kind::kInteger ? static_cast<double>(item.integer) : item.number);
    });
  }
  void operator()(std::vector<std::string>* to) const {
    to->clear();
    each([&](const SpecValue& item) {
      need(SpecValue::Kind::kString, item);
      to->push_back(item.text);
    });
  }
  void operator()(std::map<std::string, std::string>* to) const {
    need(SpecValue::Kind::kTable, value);
    to->clear();
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      need(SpecValue::Kind::kString, value.items[i]);
      (*to)[value.keys[i]] = value.items[i].text;
    }
  }

 private:
  /// A single element stands for a list of one.
  template <class Body>
  void each(Body body) const {
    if (value.kind == SpecValue::Kind::kList) {
      std::for_each(value.items.begin(), value.items.end(), body);
    } else {
      body(value);
    }
  }
};

/// Fills a spec from a tree of values and remembers where each setting stood.
class Filler {
 public:
  Spec fill(const SpecValue& root) {
    if (root.find("spec") == nullptr) {
      throw Error::invalid_argument(fmt::format("{}: the key 'spec' is missing", root.place),
                                    "begin the file with: spec = 1");
    }
    if (const SpecValue* columns = root.find("columns")) add_columns(*columns);
    add_named(root.find("heads"), "heads", spec_.heads, is_column_name, "1 to 64 letters, digits, '_' and '-'");
    const SpecValue* train = root.find("train");
    add_named(train == nullptr ? nullptr : train->find("optimizers"), "train.optimizers", spec_.train.optimizers,
              is_pattern, "1 to 200 characters other than '.' and quotes, such as \"linear/*\"");
    for (Option& option : list_options(spec_)) {
      note_path(option.path);
      options_.emplace(option.path, std::move(option));
    }
    tables_ = list_tables(spec_);
    for (const auto& [path, table] : tables_) note_path(path);
    walk(root, "");
    return std::move(spec_);
  }

  const Places& places() const { return places_; }

 private:
  void add_columns(const SpecValue& columns) {
    if (columns.kind != SpecValue::Kind::kTable) {
      throw Error::invalid_argument(fmt::format("{}: columns must be a table, not {}", columns.place, columns.shown()));
    }
    for (std::size_t i = 0; i < columns.keys.size(); ++i) {
      if (!is_column_name(columns.keys[i])) {
        throw Error::invalid_argument(
            fmt::format("{}: {} cannot name a column", columns.key_places[i], quoted(columns.keys[i])),
            "use 1 to 64 letters, digits, '_' and '-'; the data's own column goes into 'source'");
      }
      add_column(columns.keys[i], columns.items[i]);
    }
  }

  /// Makes the entries of a table whose keys the user chooses.
  template <class T>
  void add_named(const SpecValue* table, const std::string& path, std::map<std::string, T>& members,
                 bool (*allowed)(std::string_view), const char* rule) {
    if (table == nullptr) return;
    if (table->kind != SpecValue::Kind::kTable) {
      throw Error::invalid_argument(fmt::format("{}: {} must be a table, not {}", table->place, path, table->shown()));
    }
    for (std::size_t i = 0; i < table->keys.size(); ++i) {
      if (!allowed(table->keys[i])) {
        throw Error::invalid_argument(
            fmt::format("{}: {} is no key of {}", table->key_places[i], quoted(table->keys[i]), path),
            fmt::format("use {}", rule));
      }
      members[table->keys[i]];
    }
  }

  /// The kind decides which settings a column has.
  void add_column(const std::string& name, const SpecValue& value) {
    FeatureColumn& column = spec_.columns[name];
    const SpecValue* kind = value.kind == SpecValue::Kind::kTable ? value.find("kind") : &value;
    if (kind == nullptr) return;
    if (kind->kind == SpecValue::Kind::kString && set_column_kind(column, kind->text)) return;
    std::string known;
    for (const std::string& word : column_kinds()) known += (known.empty() ? "" : ", ") + word;
    throw Error::invalid_argument(
        fmt::format("{}: columns.{} has no kind {}{}", kind->place, name, kind->shown(),
                    kind->kind == SpecValue::Kind::kString ? did_you_mean(kind->text, column_kinds()) : ""),
        fmt::format("take one of: {}", known));
  }

  void note_path(const std::string& path) {
    const std::size_t dot = path.rfind('.');
    children_[dot == std::string::npos ? "" : path.substr(0, dot)].push_back(
        dot == std::string::npos ? path : path.substr(dot + 1));
  }

  void walk(const SpecValue& table, const std::string& path) {
    for (std::size_t i = 0; i < table.keys.size(); ++i) {
      const SpecValue& value = table.items[i];
      const std::string below = path.empty() ? table.keys[i] : path + "." + table.keys[i];
      const auto& siblings = children_.at(path);
      // A quoted key with a dot in it would look like a path, so the key itself has to be known too.
      if (std::find(siblings.begin(), siblings.end(), table.keys[i]) == siblings.end()) unknown_key(table, i, path);
      const auto option = options_.find(below);
      if (option != options_.end()) {
        assign(value, option->second);
      } else if (value.kind == SpecValue::Kind::kTable) {
        places_[below] = value.place;
        walk(value, below);
      } else if (const std::string& key = tables_.at(below).shorthand; !key.empty()) {
        assign(value, options_.at(below + "." + key));
      } else {
        throw Error::invalid_argument(fmt::format("{}: {} must be a table, not {}", value.place, below, value.shown()));
      }
    }
  }

  void assign(const SpecValue& value, const Option& option) {
    std::visit(Assigner{value, option}, option.value);
    places_[option.path] = value.place;
  }

  [[noreturn]] void unknown_key(const SpecValue& table, std::size_t i, const std::string& path) const {
    const std::string& key = table.keys[i];
    // The same word in another table is a likelier slip than another word here.
    std::string hint;
    for (const auto& [known, option] : options_) {
      if (hint.empty() && known.ends_with("." + key)) hint = fmt::format(", did you mean '{}'?", known);
    }
    if (hint.empty()) hint = did_you_mean(key, children_.at(path));
    std::string keys;
    for (const std::string& known : children_.at(path)) keys += (keys.empty() ? "" : ", ") + known;
    throw Error::invalid_argument(
        fmt::format("{}: {} is no key of {}{}", table.key_places[i], quoted(key), path.empty() ? "a spec" : path, hint),
        fmt::format("the keys of {} are: {}", path.empty() ? "a spec" : path, keys));
  }

  Spec spec_;
  std::map<std::string, Option> options_;
  std::map<std::string, OptionTable> tables_;
  std::map<std::string, std::vector<std::string>> children_;
  Places places_;
};

/// The value of "key=value": TOML where it is TOML, else a bare word.
SpecValue override_value(std::string_view text, const std::string& place) {
  SpecValue value;
  try {
    SpecValue table = parse_toml(fmt::format("value = {}", text), place);
    if (table.keys.size() != 1) throw Error::invalid_argument(place);
    value = std::move(table.items[0]);
  } catch (const Error&) {
    value.kind = SpecValue::Kind::kString;
    value.text = text;
  }
  return value;
}

void set_places(SpecValue& value, const std::string& place) {
  value.place = place;
  for (std::string& key_place : value.key_places) key_place = place;
  for (SpecValue& item : value.items) set_places(item, place);
}

void remove_key(SpecValue& root, std::string_view path) {
  const auto parts = split(path, '.');
  SpecValue* table = &root;
  for (std::size_t i = 0; i + 1 < parts.size() && table != nullptr; ++i) table = table->find(parts[i]);
  if (table != nullptr && table->remove(parts.back())) return;
  throw Error::invalid_argument(fmt::format("--unset {}: the spec does not set that{}", path,
                                            table == nullptr ? "" : did_you_mean(parts.back(), table->keys)),
                                "leave it out, or name a key that the spec has");
}

void apply_override(SpecValue& root, const std::string& text) {
  if (text.starts_with('-')) return remove_key(root, trim(std::string_view(text).substr(1)));
  const std::string place = "--set " + text;
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || !is_utf8(text)) {
    throw Error::invalid_argument(fmt::format("--set {} is not of the form key=value", quoted(text)),
                                  "write it like --set train.epochs=3");
  }
  SpecValue value = override_value(trim(std::string_view(text).substr(equals + 1)), place);
  set_places(value, place);
  const auto parts = split(trim(std::string_view(text).substr(0, equals)), '.');
  SpecValue* table = &root;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    SpecValue* next = table->find(parts[i]);
    if (next == nullptr) {
      SpecValue created;
      created.place = place;
      table->add(std::string(parts[i]), place, std::move(created));
      next = &table->items.back();
    } else if (i == 1 && parts[0] == "columns" && next->kind == SpecValue::Kind::kString) {
      SpecValue shorthand = std::exchange(*next, SpecValue{});
      const std::string shorthand_place = shorthand.place;
      next->place = shorthand_place;
      next->add("kind", shorthand_place, std::move(shorthand));
    } else if (next->kind != SpecValue::Kind::kTable) {
      throw Error::invalid_argument(fmt::format("{}: {} is no table", place, quoted(parts[i])));
    }
    table = next;
  }
  if (SpecValue* existing = table->find(parts.back())) {
    *existing = std::move(value);
  } else {
    table->add(std::string(parts.back()), place, std::move(value));
  }
}

Spec spec_from_value(const SpecValue& root) {
  Filler filler;
  Spec spec = filler.fill(root);
  resolve(spec);
  validate_at(spec, filler.places());
  return spec;
}

}  // namespace

Spec parse_spec(std::string_view text, const std::string& name, std::span<const std::string> overrides) {
  if (text.size() > kMaxSpecBytes) {
    throw Error::resource_limit(fmt::format("{} is longer than the {} of a spec", name, human_bytes(kMaxSpecBytes)));
  }
  SpecValue root = parse_toml(text, name);
  root.place = name;
  for (const std::string& text_of_override : overrides) apply_override(root, text_of_override);
  return spec_from_value(root);
}

Spec read_spec(const std::string& path, std::span<const std::string> overrides) {
  return parse_spec(read_file(path, kMaxSpecBytes), path, overrides);
}

Spec spec_from_json(std::string_view text) {
  if (text.size() > kMaxSpecBytes) throw Error::corruption("the stored spec is longer than a spec may be");
  SpecValue root;
  try {
    root = parse_json(text, "stored spec");
  } catch (const Error& error) {
    throw Error::corruption(error.message());
  }
  try {
    if (root.kind != SpecValue::Kind::kTable) throw Error::invalid_argument("stored spec: not an object");
    return spec_from_value(root);
  } catch (const Error& error) {
    throw Error::not_supported(error.message(), "use the version of kin that wrote the model");
  }
}

}  // namespace kin
