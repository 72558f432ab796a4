#pragma once

#include <map>
#include <string>
#include <vector>

#include "kinspace/base/options.h"

namespace kin {

/// Where rows come from, how their files are written, and how they form histories.
struct DataOptions {
  std::vector<std::string> path = {};  ///< files, patterns such as "log-*.csv.gz", or "-" for standard input
  std::string query = {};              ///< SQL in place of a path: SELECT over Parquet, CSV or JSON files, through DuckDB
  std::string format = "auto";    ///< auto | csv | jsonl | parquet
  std::string separator = {};          ///< 1 to 4 characters between fields; empty: found from the first lines
  std::vector<std::string> names = {};  ///< of the columns of a file without a header; a last "name..." takes the rest of a row
  std::string comment = {};             ///< lines that start with it are left out; empty: none are
  bool quotes = true;              ///< cells may stand in double quotes
  std::string encoding = "utf-8";  ///< utf-8 | latin-1
  std::string decimal = ".";       ///< . | , between a number and its fraction
  std::string where = {};               ///< rows to keep, such as "rating >= 4 and genre != 'Drama'"; empty: all
  std::vector<std::string> select = {};            ///< columns to take, by the names in the file; none: all
  std::map<std::string, std::string> rename = {};  ///< name in the file -> name here
  std::map<std::string, std::string> types = {};   ///< column -> type, where the guess from the first rows is wrong
  std::string on_bad = "error";               ///< error | skip | report: rows that cannot be read
  std::string max_bad = "100%";               ///< share of bad rows above which reading fails
  std::string group_by = {};                       ///< column whose equal values form one history
  std::vector<std::string> order_by = {};  ///< columns that order a history, first one first; ties keep the order of rows
};

template <class Visitor>
void describe(DataOptions& o, Visitor& v) {
  v.option("path", o.path,
           "file, pattern such as \"log-*.csv.gz\", or list of them; relative to the spec's directory, else to the "
           "current one; \"-\": standard input");
  v.option("query", o.query, "SQL in place of a path: SELECT over Parquet, CSV or JSON files, through DuckDB");
  v.option("format", o.format, "of the files; auto: by their names", one_of({"auto", "csv", "jsonl", "parquet"}));
  v.option("separator", o.separator, "1 to 4 characters between fields; empty: found from the first lines");
  v.option("names", o.names,
           "columns of a file without a header; a last name that ends in ... takes the rest of a row as a list");
  v.option("comment", o.comment, "lines that start with it are left out; empty: none are");
  v.option("quotes", o.quotes, "cells may stand in double quotes");
  v.option("encoding", o.encoding, "of text files", one_of({"utf-8", "latin-1"}));
  v.option("decimal", o.decimal, "what stands between a number and its fraction", one_of({".", ","}));
  v.option("where", o.where, "rows to keep, such as \"rating >= 4 and genre != 'Drama'\"; empty: all");
  v.option("select", o.select, "columns to take, by their names in the file; none: all");
  v.option("rename", o.rename, "name in the file = name in this spec");
  v.option("types", o.types, "column = type, where the guess from the first rows is wrong",
           one_of({"integer", "number", "string"}));
  v.option("on_bad", o.on_bad,
           "rows that cannot be read are an error, left out and counted (skip), or the first ones shown too (report)",
           one_of({"error", "skip", "report"}));
  v.option("max_bad", o.max_bad, "share of bad rows, such as 0.1%, above which reading fails all the same");
  v.option("group_by", o.group_by, "column whose equal values form one history; a recommender needs it");
  v.option("order_by", o.order_by, "column, or list of columns, that order a history; ties keep the order of rows");
}

}  // namespace kin
