#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "kinspace/base/text.h"
#include "kinspace/data/batch.h"
#include "kinspace/estimator/spec_io.h"
#include "kinspace/estimator/spec_options.h"

namespace kin {
namespace {

/// A tree of texts by key; a leaf has no children.
struct Node {
  std::map<std::string, Node> children;
  std::string text;

  Node& at(const std::string& path) {
    Node* node = this;
    for (std::size_t begin = 0; begin <= path.size();) {
      const std::size_t dot = std::min(path.find('.', begin), path.size());
      node = &node->children[path.substr(begin, dot - begin)];
      begin = dot + 1;
    }
    return *node;
  }

  void write(std::string& out) const {
    if (children.empty()) {
      out += text;
      return;
    }
    out += '{';
    bool first = true;
    for (const auto& [key, child] : children) {
      if (!first) out += ',';
      first = false;
      out += json_string(key) + ':';
      child.write(out);
    }
    out += '}';
  }
};

std::string parent(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string leaf(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

/// Settings by the table that holds them. A table stands before its inner ones, as TOML wants it: what follows an inner
/// header would belong to the inner table.
std::vector<std::pair<std::string, std::vector<Option>>> by_table(std::vector<Option> options) {
  std::vector<std::pair<std::string, std::vector<Option>>> tables;
  for (Option& option : options) {
    const std::string table = parent(option.path);
    auto place = std::find_if(tables.begin(), tables.end(), [&](const auto& t) { return t.first == table; });
    if (place == tables.end()) {
      const std::string inner = table + ".";
      place = std::find_if(tables.begin(), tables.end(), [&](const auto& t) { return t.first.starts_with(inner); });
      place = tables.insert(place, {table, {}});
    }
    place->second.push_back(std::move(option));
  }
  return tables;
}

/// The path of a table as TOML, with quotes around keys that need them.
std::string toml_path(const std::string& path) {
  std::string out;
  for (const std::string_view key : split(path, '.')) out += (out.empty() ? "" : ".") + toml_key(key);
  return out;
}

std::map<std::string, std::string> all_texts(const Spec& spec) {
  Spec copy = spec;
  resolve(copy);
  std::map<std::string, std::string> out;
  for (const Option& option : list_options(copy)) out[option.path] = json_text(option);
  return out;
}

/// A spec with one column of a kind, to show what such a column can be told.
Spec example_spec(const std::string& column, const std::string& kind) {
  Spec spec;
  set_column_kind(spec.columns[column], kind);
  return spec;
}

std::string schema_of(const Option& option) {
  static constexpr const char* kTypes[] = {"boolean", "integer", "integer", "number", "number",
                                           "string",  "integer", "string",  "string", "number"};
  const std::size_t kind = option.value.index();
  std::string element = fmt::format("{{\"type\":\"{}\"", kTypes[kind]);
  const Allowed& allowed = option.allowed;
  const double infinity = std::numeric_limits<double>::infinity();
  if (allowed.low > -infinity) {
    element += fmt::format(",\"{}\":{}", allowed.low_itself ? "minimum" : "exclusiveMinimum", number_text(allowed.low));
  } else if (kind == 2) {
    element += ",\"minimum\":0";
  }
  if (allowed.high < infinity) {
    element +=
        fmt::format(",\"{}\":{}", allowed.high_itself ? "maximum" : "exclusiveMaximum", number_text(allowed.high));
  }
  if (!allowed.words.empty()) {
    element += ",\"enum\":[";
    for (const std::string& word : allowed.words)
      element += (&word == &allowed.words.front() ? "" : ",") + json_string(word);
    element += "]";
  }
  const std::string about =
      fmt::format(",\"description\":{},\"default\":{}}}", json_string(option.help), json_text(option));
  const bool list = kind == 6 || kind == 7 || kind == 9;
  if (list) return fmt::format("{{\"anyOf\":[{0}}},{{\"type\":\"array\",\"items\":{0}}}}}]{1}", element, about);
  if (kind == 8) return fmt::format("{{\"type\":\"object\",\"additionalProperties\":{}}}{}", element, about);
  return element + about;
}

/// Tables around the leaves of `node`, which stands at `path`.
std::string schema_of(const Node& node, const std::string& path, const std::map<std::string, OptionTable>& tables) {
  if (node.children.empty()) return node.text;
  std::string properties;
  for (const auto& [key, child] : node.children) {
    const std::string inner = schema_of(child, path.empty() ? key : path + "." + key, tables);
    properties += fmt::format("{}{}:{}", properties.empty() ? "" : ",", json_string(key), inner);
  }
  const auto table = tables.find(path);
  const std::string about = table == tables.end() ? "" : ",\"description\":" + json_string(table->second.help);
  const std::string object =
      fmt::format("{{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{{{}}}{}}}", properties, about);
  if (table == tables.end() || table->second.shorthand.empty()) return object;
  return fmt::format("{{\"anyOf\":[{},{}]}}", node.children.at(table->second.shorthand).text, object);
}

/// The tables of `spec` whose path begins with `prefix` (with an empty one: all that are not of columns).
std::string markdown_tables(Spec& spec, const std::string& prefix) {
  std::string out;
  const auto infos = list_tables(spec);
  for (const auto& [table, options] : by_table(list_options(spec))) {
    if (!table.starts_with(prefix)) continue;
    const auto info = infos.find(table);
    out += fmt::format("\n{} {}\n", prefix.empty() ? "##" : "###", table.empty() ? "At the top" : "`" + table + "`");
    if (info != infos.end()) out += fmt::format("\n{}\n", info->second.help);
    out += "\n| key | type | default | allowed | what it does |\n|---|---|---|---|---|\n";
    for (const Option& option : options) {
      std::string text(option.help);
      for (std::size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2) text.insert(i, 1, '\\');
      out += fmt::format("| `{}` | {} | `{}` | {} | {} |\n", leaf(option.path), type_text(option), toml_text(option),
                         allowed_text(option.allowed), text);
    }
  }
  return out;
}

}  // namespace

std::string canonical_json(const Spec& spec) {
  Node root;
  for (const auto& [path, text] : all_texts(spec)) root.at(path).text = text;
  std::string out;
  root.write(out);
  return out;
}

std::string to_toml(const Spec& spec) {
  Spec copy = spec;
  resolve(copy);
  std::string out;
  for (const auto& [table, options] : by_table(list_options(copy))) {
    if (!table.empty()) out += fmt::format("\n[{}]\n", toml_path(table));
    for (const Option& option : options) out += fmt::format("{} = {}\n", leaf(option.path), toml_text(option));
  }
  return out;
}

std::vector<std::string> differing_keys(const Spec& before, const Spec& after) {
  const auto a = all_texts(before);
  const auto b = all_texts(after);
  std::map<std::string, std::pair<std::string, std::string>> pairs;
  for (const auto& [path, text] : a) pairs[path] = {text, "absent"};
  for (const auto& [path, text] : b) {
    auto& pair = pairs[path];
    if (pair.first.empty()) pair.first = "absent";
    pair.second = text;
  }
  std::vector<std::string> out;
  for (const auto& [path, pair] : pairs) {
    if (pair.first != pair.second) out.push_back(fmt::format("{}: {} -> {}", path, pair.first, pair.second));
  }
  return out;
}

/// The schema of a table whose keys the user chooses, from that of its entry "*".
void name_freely(Node& table, const std::string& path, const std::map<std::string, OptionTable>& tables) {
  const std::string entry = schema_of(table.children["*"], path + ".*", tables);
  table = Node{};
  table.text = fmt::format("{{\"type\":\"object\",\"description\":{},\"additionalProperties\":{}}}",
                           json_string(tables.at(path).help), entry);
}

std::string spec_json_schema() {
  Node root;
  std::string kinds;
  std::map<std::string, OptionTable> tables;
  for (const std::string& kind : column_kinds()) {
    Spec spec = example_spec("*", kind);
    spec.heads["*"] = {};
    spec.train.optimizers["*"] = {};
    root = Node{};
    for (const Option& option : list_options(spec)) root.at(option.path).text = schema_of(option);
    tables = list_tables(spec);
    kinds += (kinds.empty() ? "" : ",") + schema_of(root.children["columns"].children["*"], "columns.*", tables);
  }
  Node& columns = root.children["columns"];
  columns = Node{};
  columns.text = fmt::format(
      "{{\"type\":\"object\",\"description\":{},\"propertyNames\":{{\"pattern\":\"^[A-Za-z0-9_-]{{1,64}}$\"}},"
      "\"additionalProperties\":{{\"anyOf\":[{}]}}}}",
      json_string(tables.at("columns").help), kinds);
  name_freely(root.children["heads"], "heads", tables);
  name_freely(root.children["train"].children["optimizers"], "train.optimizers", tables);
  std::string out = schema_of(root, "", tables);
  out.insert(1,
             "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"Kinspace "
             "spec\",\"required\":[\"spec\"],");
  return out;
}

std::string spec_markdown() {
  std::string out =
      "# The keys of a spec\n\n"
      "Generated from the options structs by `kin check --schema --format md`; a test compares it with them.\n"
      "A list may be written as its only element. Unknown keys are errors.\n";
  Spec plain;
  out += markdown_tables(plain, "");
  for (const std::string& kind : column_kinds()) {
    out += fmt::format("\n## Columns of kind `{}`\n", kind);
    Spec spec = example_spec("NAME", kind);
    out += markdown_tables(spec, "columns.NAME");
  }
  return out;
}

}  // namespace kin
