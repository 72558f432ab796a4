#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/tensor/matrix.h"

namespace kin {

/// A column of the metadata of a table: one text for each row.
struct ProjectorColumn {
  std::string name = {};
  std::vector<std::string> values = {};
};

/// An embedding table for TensorBoard's Embedding Projector. Everything is borrowed until the table is written.
struct ProjectorTable {
  std::string name = {};
  ConstMatrixView matrix = {};                ///< [N, D]
  std::vector<ProjectorColumn> columns = {};  ///< none, or the labels first
};

struct ProjectorOptions {
  std::int64_t max_rows = 100000;  ///< TensorBoard shows no more; of a longer table evenly spread rows. 0: all
  std::string base_url = {};       ///< standalone form: what stands before the names of files
};

/// What became of one table.
struct ProjectorReport {
  std::string tensor_name = {};  ///< as the projector lists it
  std::int64_t rows = 0;         ///< written
  std::int64_t of = 0;           ///< rows of the table
  std::string note = {};         ///< one sentence if the projector shows less or more than the table has; else empty
};

/// Writes a log directory for TensorBoard: projector_config.pbtxt and, for each table, `<name>_tensors.tsv` and, if it
/// has columns, `<name>_metadata.tsv`, all side by side. Values have 9 significant digits, so float32 comes back
/// exactly.
///
/// Rows      i * N / max_rows for i in [0, max_rows) where the table has more: stratified by whatever it is ordered by.
/// Columns   one column is written without a header, several with one (the projector takes the first line for a header
///           exactly when it has a tab). Tabs, line breaks and other control characters become blanks, bytes that are
///           no UTF-8 U+FFFD; a label without a visible character becomes "(no label)", because the projector would
///           drop the line.
/// Names     of tensors: & # + % and control characters become '_', as they go into URLs as they are; equal names are
///           numbered. One dimension is written with a second one of zeros, as the projector needs two.
/// Errors    kIo; kInvalidArgument for no tables, a table without rows or dimensions, a column with another number of
///           values, two columns of one name, NaN and infinity. Each file appears whole or not at all, the config last.
/// Memory    one row of a table.
/// Source    TensorBoard's projector plugin; docs/formats/projector.md.
std::vector<ProjectorReport> write_projector(const std::string& directory, const std::vector<ProjectorTable>& tables,
                                             const ProjectorOptions& options = {});

/// The same for https://projector.tensorflow.org/?config=URL: projector_config.json, `<name>_tensors.bytes` (float32,
/// little-endian, row-major) and `<name>_metadata.tsv`. The page fetches each file by `base_url` + name, so that they
/// must lie on a web server that allows it (CORS).
std::vector<ProjectorReport> write_standalone_projector(const std::string& directory,
                                                        const std::vector<ProjectorTable>& tables,
                                                        const ProjectorOptions& options = {});

}  // namespace kin
