#pragma once

#include <map>
#include <string>
#include <vector>

#include "kinspace/base/options.h"

namespace kin {

/// Where rows come from and how they form histories.
struct DataOptions {
  std::string path;       ///< CSV or TSV file with a header; relative to the spec's directory, else to the current one
  std::string separator;  ///< one character; empty: tab for .tsv, else comma
  std::string where;      ///< rows to keep, such as "rating >= 4 and genre != 'Drama'"; empty: all
  std::string group_by;   ///< column whose equal values form one history
  std::vector<std::string> order_by;  ///< columns that order a history, first one first; ties keep the order of rows
  std::map<std::string, std::string>
      types;  ///< column -> "integer" | "number" | "string", where the guess from the first rows is wrong
};

template <class Visitor>
void describe(DataOptions& o, Visitor& v) {
  v.option("path", o.path,
           "CSV or TSV file with a header; relative to the spec's directory, else to the current one; required");
  v.option("separator", o.separator, "one character between fields; empty: tab for .tsv, else comma");
  v.option("where", o.where, "rows to keep, such as \"rating >= 4 and genre != 'Drama'\"; empty: all");
  v.option("group_by", o.group_by, "column whose equal values form one history; required");
  v.option("order_by", o.order_by, "column, or list of columns, that order a history; ties keep the order of rows");
  v.option("types", o.types, "column = type, where the guess from the first rows is wrong",
           one_of({"integer", "number", "string"}));
}

}  // namespace kin
