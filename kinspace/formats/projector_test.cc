#include "kinspace/formats/projector.h"

#include <cstdlib>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "kinspace/base/random.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

using Json = nlohmann::json;

Matrix counting(std::int64_t rows, std::int64_t cols) {
  Matrix m(rows, cols);
  for (std::size_t i = 0; i < m.values().size(); ++i) m.values()[i] = static_cast<float>(i) / 7;
  return m;
}

std::vector<std::string> lines_of(const std::string& path) {
  const std::string content = slurp(path);
  EXPECT_TRUE(content.ends_with('\n')) << path;
  std::vector<std::string> lines;
  std::istringstream in(content);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Projector, WritesTensorsMetadataAndConfigSideBySide) {
  const TemporaryDirectory directory;
  const Matrix m = counting(3, 2);
  const auto reports = write_projector(
      directory.path(), {{"items", m.view(), {{"title", {"a", "b", "c"}}, {"year", {"1990", "", "1992"}}}}});
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].tensor_name, "items");
  EXPECT_EQ(reports[0].rows, 3);
  EXPECT_EQ(reports[0].note, "");
  EXPECT_EQ(slurp(directory.file("projector_config.pbtxt")),
            "embeddings {\n  tensor_name: \"items\"\n  metadata_path: \"items_metadata.tsv\"\n"
            "  tensor_path: \"items_tensors.tsv\"\n}\n");
  EXPECT_EQ(slurp(directory.file("items_tensors.tsv")),
            "0\t0.142857149\n0.285714298\t0.428571433\n0.571428597\t0.714285731\n");
  EXPECT_EQ(slurp(directory.file("items_metadata.tsv")), "title\tyear\na\t1990\nb\t\nc\t1992\n");
}

TEST(Projector, EveryFloat32ComesBackFromTheText) {
  const TemporaryDirectory directory;
  Matrix m(500, 4);
  for (std::size_t i = 0; i < m.values().size(); ++i) {
    RandomStream random(5, Purpose::kPick, 0, i);
    const std::uint32_t bits = random.next_u32() & ~(std::uint32_t{1} << 23);  // no NaN or infinity
    std::memcpy(&m.values()[i], &bits, sizeof bits);
  }
  m.row(0)[0] = -0.0F;
  m.row(0)[1] = std::numeric_limits<float>::max();
  m.row(0)[2] = std::numeric_limits<float>::denorm_min();
  write_projector(directory.path(), {{"t", m.view()}});
  const std::vector<std::string> lines = lines_of(directory.file("t_tensors.tsv"));
  ASSERT_EQ(lines.size(), 500U);
  for (std::size_t r = 0; r < lines.size(); ++r) {
    const auto cells = split(lines[r], '\t');
    ASSERT_EQ(cells.size(), 4U);
    for (std::size_t c = 0; c < 4; ++c) {
      const float value = std::strtof(std::string(cells[c]).c_str(), nullptr);
      EXPECT_EQ(std::memcmp(&value, m.row(static_cast<std::int64_t>(r)) + c, sizeof value), 0) << lines[r];
    }
  }
}

TEST(Projector, LabelsNeverMoveToAnotherRow) {
  const TemporaryDirectory directory;
  const std::vector<std::string> labels = {"tab\there", "",    " \t ", "line\nbreak\r", "\xC2\xA0\xE3\x80\x80",
                                           "caf\xE9!",  "日本"};
  const std::vector<std::string> want = {"tab here",   "(no label)",       "(no label)", "line break ",
                                         "(no label)", "caf\xEF\xBF\xBD!", "日本"};
  const Matrix m = counting(7, 2);
  write_projector(directory.path(), {{"one", m.view(), {{"title", labels}}},
                                     {"two", m.view(), {{"ti\ttle", labels}, {"", std::vector<std::string>(7)}}}});
  EXPECT_EQ(lines_of(directory.file("one_metadata.tsv")), want);
  const auto two = lines_of(directory.file("two_metadata.tsv"));
  ASSERT_EQ(two.size(), 8U);
  EXPECT_EQ(two[0], "ti tle\t(no label)");
  for (std::size_t r = 0; r < 7; ++r) EXPECT_EQ(two[r + 1], want[r] + "\t");
}

TEST(Projector, NamesAreSafeInUrlsAndFilesAndDistinct) {
  const TemporaryDirectory directory;
  const Matrix m = counting(2, 2);
  const auto reports = write_projector(directory.path(), {{"a/b", m.view()},
                                                          {"a b", m.view()},
                                                          {"a b", m.view()},
                                                          {"c#&+%\n:0", m.view()},
                                                          {"", m.view()},
                                                          {"../\"\\日", m.view()}});
  std::vector<std::string> names;
  for (const auto& report : reports) names.push_back(report.tensor_name);
  EXPECT_EQ(names, (std::vector<std::string>{"a/b", "a b", "a b_2", "c______0", "table", "../\"\\日"}));
  const std::string config = slurp(directory.file("projector_config.pbtxt"));
  EXPECT_NE(config.find(R"(tensor_name: "../\"\\日")"), std::string::npos) << config;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    EXPECT_TRUE(entry.is_regular_file());
    ++files;
  }
  EXPECT_EQ(files, 7U);
  EXPECT_TRUE(std::filesystem::exists(directory.file("a_b_tensors.tsv")));
  EXPECT_TRUE(std::filesystem::exists(directory.file("a_b_2_tensors.tsv")));
}

TEST(Projector, ALongTableIsSampledEvenly) {
  const TemporaryDirectory directory;
  const Matrix m = counting(10, 2);
  std::vector<std::string> labels;
  for (int i = 0; i < 10; ++i) labels.push_back("row " + std::to_string(i));
  const auto reports = write_projector(directory.path(), {{"t", m.view(), {{"label", labels}}}}, {.max_rows = 4});
  EXPECT_EQ(reports[0].rows, 4);
  EXPECT_EQ(reports[0].of, 10);
  EXPECT_EQ(reports[0].note, "4 of 10 rows, evenly spread");
  EXPECT_EQ(lines_of(directory.file("t_metadata.tsv")), (std::vector<std::string>{"row 0", "row 2", "row 5", "row 7"}));
  EXPECT_TRUE(lines_of(directory.file("t_tensors.tsv")).at(3).starts_with("2\t"));
}

TEST(Projector, ByDefaultNoMoreRowsAreWrittenThanTensorBoardShows) {
  const TemporaryDirectory directory;
  const Matrix m(100001, 2);
  EXPECT_EQ(write_projector(directory.path(), {{"t", m.view()}})[0].rows, 100000);
  EXPECT_EQ(lines_of(directory.file("t_tensors.tsv")).size(), 100000U);
  const auto all = write_projector(directory.path(), {{"t", m.view()}}, {.max_rows = 0});
  EXPECT_EQ(all[0].note, "all 100001 rows; TensorBoard shows the first 100000");
  EXPECT_EQ(lines_of(directory.file("t_tensors.tsv")).size(), 100001U);
}

TEST(Projector, OneDimensionGetsASecondOfZeros) {
  const TemporaryDirectory directory;
  const Matrix m = counting(2, 1);
  EXPECT_EQ(write_projector(directory.path(), {{"t", m.view()}})[0].note, "a second dimension of zeros was added");
  EXPECT_EQ(slurp(directory.file("t_tensors.tsv")), "0\t0\n0.142857149\t0\n");
  write_standalone_projector(directory.path(), {{"t", m.view()}});
  EXPECT_EQ(slurp(directory.file("t_tensors.bytes")).size(), 2 * 2 * sizeof(float));
}

TEST(Projector, RefusesWhatCannotBeShown) {
  const TemporaryDirectory directory;
  Matrix m = counting(2, 2);
  const auto code = [&](const std::vector<ProjectorTable>& tables, const ProjectorOptions& options = {}) {
    const Error first = error_of([&] { write_projector(directory.path(), tables, options); });
    EXPECT_EQ(error_of([&] { write_standalone_projector(directory.path(), tables, options); }).code(), first.code());
    return first.code();
  };
  EXPECT_EQ(code({}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"t", ConstMatrixView(nullptr, 0, 4, 4)}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"t", ConstMatrixView(nullptr, 4, 0, 0)}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"t", m.view(), {{"label", {"a"}}}}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"t", m.view(), {{"x", {"a", "b"}}, {"x", {"a", "b"}}}}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"t", m.view()}}, {.max_rows = -1}), ErrorCode::kInvalidArgument);
  m.row(1)[1] = std::numeric_limits<float>::quiet_NaN();
  const Error nan = error_of([&] { write_projector(directory.path(), {{"tab", m.view()}}); });
  EXPECT_EQ(nan.message(), "[projector] table 'tab': row 1 has nan in dimension 1");
  EXPECT_FALSE(std::filesystem::exists(directory.file("projector_config.pbtxt")));
  spill(directory.file("file"), "");
  EXPECT_EQ(error_of([&] {
              write_projector(directory.file("file"), {{"t", counting(1, 2).view()}});
            }).code(),
            ErrorCode::kIo);
}

TEST(Projector, TheStandaloneFormNamesItsFilesByUrl) {
  const TemporaryDirectory directory;
  const Matrix m = counting(3, 2);
  write_standalone_projector(directory.path(), {{"items", m.view(), {{"title", {"a", "b", "c"}}}}, {"plain", m.view()}},
                             {.base_url = "https://example.org/vectors/"});
  const Json config = Json::parse(slurp(directory.file("projector_config.json")));
  const Json want = {{"embeddings",
                      {{{"tensorName", "items"},
                        {"tensorShape", {3, 2}},
                        {"tensorPath", "https://example.org/vectors/items_tensors.bytes"},
                        {"metadataPath", "https://example.org/vectors/items_metadata.tsv"}},
                       {{"tensorName", "plain"},
                        {"tensorShape", {3, 2}},
                        {"tensorPath", "https://example.org/vectors/plain_tensors.bytes"}}}},
                     {"modelCheckpointPath", "Kinspace"}};
  EXPECT_EQ(config, want);
  const auto bytes = slurp(directory.file("items_tensors.bytes"));
  EXPECT_EQ(bytes, std::string(reinterpret_cast<const char*>(m.values().data()), m.values().size_bytes()));
}

// ---- what TensorBoard's own writer makes of the same tables (tests/golden/README.md)
// ----------------------------------

std::string golden_directory() {
  const char* other = std::getenv("KIN_GOLDEN_TRAINING");
  return (other != nullptr ? std::string(other) : KIN_SOURCE_DIR "/tests/golden/training") + "/projector/";
}

Matrix matrix_of(const Json& tensor) {
  Matrix m(tensor.at("shape").at(0), tensor.at("shape").at(1));
  for (std::size_t i = 0; i < m.values().size(); ++i) m.values()[i] = tensor.at("values").at(i).get<float>();
  return m;
}

/// The columns of a metadata file that a server answered.
std::vector<ProjectorColumn> columns_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    rows.emplace_back();
    for (const auto cell : split(line, '\t')) rows.back().emplace_back(cell);
  }
  std::vector<ProjectorColumn> columns(rows.at(0).size());
  const bool header = columns.size() > 1;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    columns[c].name = header ? rows[0][c] : "label";
    for (std::size_t r = header ? 1 : 0; r < rows.size(); ++r) columns[c].values.push_back(rows[r].at(c));
  }
  return columns;
}

TEST(ProjectorGolden, FilesAreThoseThatTensorBoardServes) {
  const Json golden = Json::parse(slurp(golden_directory() + "projector.json")).at("by_files");
  const Json& metadata = golden.at("server").at("metadata");
  const Matrix tsv = matrix_of(golden.at("tensors").at("from_tsv"));
  const Matrix bytes = matrix_of(golden.at("tensors").at("from_bytes"));
  const TemporaryDirectory directory;
  write_projector(directory.path(), {{"from_tsv", tsv.view(), columns_of(metadata.at("from_tsv").at("text"))}});
  const std::string files = golden_directory() + "by_files/";
  EXPECT_EQ(slurp(directory.file("from_tsv_tensors.tsv")), slurp(files + "tensors.tsv"));
  EXPECT_EQ(slurp(directory.file("from_tsv_metadata.tsv")), slurp(files + "metadata.tsv"));

  write_standalone_projector(directory.path(),
                             {{"from_bytes", bytes.view(), columns_of(metadata.at("from_bytes").at("text"))}});
  EXPECT_EQ(slurp(directory.file("from_bytes_tensors.bytes")), slurp(files + "tensors.bytes"));
  EXPECT_EQ(slurp(directory.file("from_bytes_metadata.tsv")), slurp(files + "labels.tsv"));
  const Json config = Json::parse(slurp(directory.file("projector_config.json")));
  const Json& served = golden.at("server").at("info").at("embeddings").at(1);
  EXPECT_EQ(config.at("embeddings").at(0).at("tensorShape"), served.at("tensorShape"));
  EXPECT_EQ(config.at("embeddings").at(0).at("tensorName"), served.at("tensorName"));
}

TEST(ProjectorGolden, TheConfigHasTheTextOfTensorBoardsWriter) {
  const TemporaryDirectory directory;
  const Matrix m = counting(2, 2);
  write_projector(directory.path(), {{"from_tsv", m.view(), {{"label", {"a", "b"}}}}});
  const std::string theirs = slurp(golden_directory() + "by_files/projector_config.pbtxt");
  std::string want = theirs.substr(0, theirs.find("}\nembeddings") + 2);
  want = std::regex_replace(want, std::regex("  bookmarks_path: .*\n"), "");
  want = std::regex_replace(want, std::regex("  sprite \\{[^}]*\\}\n"), "");
  want = std::regex_replace(want, std::regex("\"(metadata|tensors)\\.tsv\""), "\"from_tsv_$1.tsv\"");
  EXPECT_EQ(slurp(directory.file("projector_config.pbtxt")), want);
}

TEST(ProjectorGolden, ATableOfTwosIsWrittenAsTextBecauseItsBytesWouldBeTakenForText) {
  const std::string bytes = slurp(golden_directory() + "by_bytes_that_are_text/tensors.bytes");
  ASSERT_TRUE(is_utf8(bytes));  // what TensorBoard stumbles over
  Matrix m(3, 2);
  ASSERT_EQ(bytes.size(), m.values().size_bytes());
  std::memcpy(m.values().data(), bytes.data(), bytes.size());
  const TemporaryDirectory directory;
  write_projector(directory.path(), {{"twos", m.view()}});
  EXPECT_EQ(slurp(directory.file("twos_tensors.tsv")), "2\t2\n2\t2\n2\t2\n");
}

}  // namespace
}  // namespace kin
