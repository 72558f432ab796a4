#include "kinspace/formats/projector.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/text.h"

namespace kin {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

/// Collects text and writes it in large pieces.
class TextFile {
 public:
  explicit TextFile(const std::string& path) : file_(path) {}

  std::string& text() {
    if (pending_.size() > std::size_t{1} << 18) flush();
    return pending_;
  }

  void commit() {
    flush();
    file_.commit();
  }

 private:
  void flush() {
    file_.write(pending_);
    pending_.clear();
  }

  AtomicFile file_;
  std::string pending_;
};

bool is_control(char c) noexcept {
  return (c >= 0 && c < 0x20) || c == 0x7f;
}

/// `text` as UTF-8 without control characters.
std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t good = utf8_prefix(text);
    for (const char c : text.substr(0, good)) out.push_back(is_control(c) ? ' ' : c);
    text.remove_prefix(good);
    if (text.empty()) break;
    out += "\xEF\xBF\xBD";  // U+FFFD
    text.remove_prefix(1);
  }
  return out;
}

/// What JavaScript's trim() takes away, cleaned of control characters before.
bool is_blank(std::string_view text) {
  static constexpr std::string_view kBlanks[] = {" ",
                                                 "\xC2\xA0",
                                                 "\xE1\x9A\x80",
                                                 "\xE2\x80\x80",
                                                 "\xE2\x80\x81",
                                                 "\xE2\x80\x82",
                                                 "\xE2\x80\x83",
                                                 "\xE2\x80\x84",
                                                 "\xE2\x80\x85",
                                                 "\xE2\x80\x86",
                                                 "\xE2\x80\x87",
                                                 "\xE2\x80\x88",
                                                 "\xE2\x80\x89",
                                                 "\xE2\x80\x8A",
                                                 "\xE2\x80\xA8",
                                                 "\xE2\x80\xA9",
                                                 "\xE2\x80\xAF",
                                                 "\xE2\x81\x9F",
                                                 "\xE3\x80\x80",
                                                 "\xEF\xBB\xBF"};
  while (!text.empty()) {
    const auto* blank =
        std::find_if(std::begin(kBlanks), std::end(kBlanks), [&](auto b) { return text.starts_with(b); });
    if (blank == std::end(kBlanks)) return false;
    text.remove_prefix(blank->size());
  }
  return true;
}

std::string label_of(std::string_view text) {
  std::string out = clean(text);
  return is_blank(out) ? "(no label)" : out;
}

/// A name that none in `taken` has: numbered where needed.
std::string unique_name(const std::string& name, std::set<std::string>& taken) {
  std::string out = name;
  for (int i = 2; !taken.insert(out).second; ++i) out = fmt::format("{}_{}", name, i);
  return out;
}

std::string tensor_name(std::string name) {
  for (char& c : name) {
    if (is_control(c) || std::string_view("&#+%").find(c) != std::string_view::npos) c = '_';
  }
  std::string out = clean(name);
  // TensorBoard takes a ":0" at the end away.
  if (out.ends_with(":0")) out[out.size() - 2] = '_';
  return is_blank(out) ? "table" : out;
}

std::string file_stem(const std::string& name) {
  std::string out = name.substr(0, 100);
  for (char& c : out) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return out;
}

/// Names and numbers of one table as they are written.
struct Plan {
  const ProjectorTable* table = nullptr;
  std::string stem;
  ProjectorReport report;
  std::int64_t dimensions = 0;

  std::int64_t row(std::int64_t i) const noexcept {
    // Products of two numbers of rows fit 128 bits only.
    return static_cast<std::int64_t>(static_cast<unsigned __int128>(i) * static_cast<unsigned __int128>(report.of) /
                                     static_cast<unsigned __int128>(report.rows));
  }
  std::string metadata_file() const { return table->columns.empty() ? "" : stem + "_metadata.tsv"; }
};

void check_table(const ProjectorTable& table) {
  const std::string place = fmt::format("[projector] table {}", kin::quoted(table.name));
  if (table.matrix.rows < 1 || table.matrix.cols < 1) {
    throw Error::invalid_argument(fmt::format("{} has {} rows and {} dimensions; it needs at least one of each", place,
                                              table.matrix.rows, table.matrix.cols));
  }
  std::set<std::string> names;
  for (const ProjectorColumn& column : table.columns) {
    if (static_cast<std::int64_t>(column.values.size()) != table.matrix.rows) {
      throw Error::invalid_argument(fmt::format("{} has {} rows, its column {} {} values", place, table.matrix.rows,
                                                kin::quoted(column.name), column.values.size()));
    }
    if (!names.insert(label_of(column.name)).second) {
      throw Error::invalid_argument(fmt::format("{} has two columns {}", place, kin::quoted(column.name)));
    }
  }
}

std::vector<Plan> make_plans(const std::vector<ProjectorTable>& tables, const ProjectorOptions& options) {
  if (tables.empty()) throw Error::invalid_argument("[projector] no tables; it needs at least one");
  if (options.max_rows < 0) {
    throw Error::invalid_argument(fmt::format("[projector] max_rows {}; it must be at least 0", options.max_rows));
  }
  std::set<std::string> names;
  std::set<std::string> stems;
  std::vector<Plan> plans;
  for (const ProjectorTable& table : tables) {
    check_table(table);
    Plan plan{.table = &table, .stem = {}, .report = {}, .dimensions = std::max<std::int64_t>(2, table.matrix.cols)};
    ProjectorReport& report = plan.report;
    report.tensor_name = unique_name(tensor_name(table.name), names);
    plan.stem = unique_name(file_stem(report.tensor_name), stems);
    report.of = table.matrix.rows;
    report.rows = options.max_rows == 0 ? report.of : std::min(report.of, options.max_rows);
    if (report.rows < report.of) {
      report.note = fmt::format("{} of {} rows, evenly spread", report.rows, report.of);
    } else if (report.rows > 100000) {
      report.note = fmt::format("all {} rows; TensorBoard shows the first 100000", report.rows);
    }
    if (table.matrix.cols == 1) {
      report.note += report.note.empty() ? "" : "; ";
      report.note += "a second dimension of zeros was added";
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

/// Row i of a plan, which must be finite.
const float* finite_row(const Plan& plan, std::int64_t i) {
  const ConstMatrixView& matrix = plan.table->matrix;
  const float* row = matrix.row(plan.row(i));
  for (std::int64_t c = 0; c < matrix.cols; ++c) {
    if (std::isfinite(row[c])) continue;
    throw Error::invalid_argument(fmt::format("[projector] table {}: row {} has {} in dimension {}",
                                              kin::quoted(plan.table->name), plan.row(i), row[c], c));
  }
  return row;
}

void write_tsv(const Plan& plan, const std::string& path) {
  TextFile file(path);
  for (std::int64_t i = 0; i < plan.report.rows; ++i) {
    const float* row = finite_row(plan, i);
    std::string& text = file.text();
    for (std::int64_t c = 0; c < plan.dimensions; ++c) {
      fmt::format_to(std::back_inserter(text), "{:.9g}{}", c < plan.table->matrix.cols ? row[c] : 0.0F,
                     c + 1 < plan.dimensions ? '\t' : '\n');
    }
  }
  file.commit();
}

void write_bytes(const Plan& plan, const std::string& path) {
  TextFile file(path);
  const auto width = static_cast<std::size_t>(plan.table->matrix.cols) * sizeof(float);
  for (std::int64_t i = 0; i < plan.report.rows; ++i) {
    std::string& bytes = file.text();
    bytes.append(reinterpret_cast<const char*>(finite_row(plan, i)), width);
    bytes.append(static_cast<std::size_t>(plan.dimensions) * sizeof(float) - width, '\0');
  }
  file.commit();
}

void write_metadata(const Plan& plan, const std::string& path) {
  const std::vector<ProjectorColumn>& columns = plan.table->columns;
  TextFile file(path);
  if (columns.size() > 1) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      file.text() += label_of(columns[c].name) + (c + 1 < columns.size() ? '\t' : '\n');
    }
  }
  for (std::int64_t i = 0; i < plan.report.rows; ++i) {
    std::string& text = file.text();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string& value = columns[c].values[static_cast<std::size_t>(plan.row(i))];
      // A line of blanks would be dropped, so the label, at least, is never blank.
      text += c == 0 ? label_of(value) : clean(value);
      text += c + 1 < columns.size() ? '\t' : '\n';
    }
  }
  file.commit();
}

/// A string of protocol buffer text format.
std::string pbtxt_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string path_in(const std::string& directory, const std::string& name) {
  return (std::filesystem::path(directory) / name).string();
}

std::vector<ProjectorReport> reports_of(const std::vector<Plan>& plans) {
  std::vector<ProjectorReport> reports;
  for (const Plan& plan : plans) reports.push_back(plan.report);
  return reports;
}

}  // namespace

std::vector<ProjectorReport> write_projector(const std::string& directory, const std::vector<ProjectorTable>& tables,
                                             const ProjectorOptions& options) {
  const std::vector<Plan> plans = make_plans(tables, options);
  make_directories(directory);
  std::string config;
  for (const Plan& plan : plans) {
    const std::string metadata = plan.metadata_file();
    const std::string tensors = plan.stem + "_tensors.tsv";
    config += fmt::format("embeddings {{\n  tensor_name: {}\n", pbtxt_string(plan.report.tensor_name));
    if (!metadata.empty()) {
      write_metadata(plan, path_in(directory, metadata));
      config += fmt::format("  metadata_path: {}\n", pbtxt_string(metadata));
    }
    write_tsv(plan, path_in(directory, tensors));
    config += fmt::format("  tensor_path: {}\n}}\n", pbtxt_string(tensors));
  }
  write_file_atomically(path_in(directory, "projector_config.pbtxt"), config);
  return reports_of(plans);
}

std::vector<ProjectorReport> write_standalone_projector(const std::string& directory,
                                                        const std::vector<ProjectorTable>& tables,
                                                        const ProjectorOptions& options) {
  const std::vector<Plan> plans = make_plans(tables, options);
  make_directories(directory);
  nlohmann::ordered_json embeddings = nlohmann::ordered_json::array();
  for (const Plan& plan : plans) {
    const std::string metadata = plan.metadata_file();
    const std::string tensors = plan.stem + "_tensors.bytes";
    nlohmann::ordered_json entry = {{"tensorName", plan.report.tensor_name},
                                    {"tensorShape", {plan.report.rows, plan.dimensions}},
                                    {"tensorPath", clean(options.base_url) + tensors}};
    if (!metadata.empty()) {
      write_metadata(plan, path_in(directory, metadata));
      entry["metadataPath"] = clean(options.base_url) + metadata;
    }
    write_bytes(plan, path_in(directory, tensors));
    embeddings.push_back(std::move(entry));
  }
  const nlohmann::ordered_json config = {{"embeddings", std::move(embeddings)}, {"modelCheckpointPath", "Kinspace"}};
  write_file_atomically(path_in(directory, "projector_config.json"), config.dump(2) + "\n");
  return reports_of(plans);
}

}  // namespace kin
