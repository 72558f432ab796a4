#include "apps/cli/report.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "apps/cli/testing.h"
#include "kinspace/base/error.h"

namespace kin::cli {
namespace {

std::string printed(const Report& report, Format format, bool color = false) {
  MemoryStream stream;
  StreamSink sink(stream.file(), "memory");
  print(report, format, {.interactive = true, .color = color}, sink);
  return stream.text();
}

Report films() {
  Report report{"kin.test/1", {{"metric", std::string("cosine")}}, {{"rank", -1, true}, {"score", 3}, {"title"}}, {}};
  report.rows.push_back({std::int64_t{1}, 0.25F, std::string("Amélie")});
  report.rows.push_back({std::int64_t{2}, -1.0F / 3, std::string("a|b, \"c\"")});
  return report;
}

TEST(Report, AlignsATableByCharactersNotBytes) {
  EXPECT_EQ(printed(films(), Format::kTable), " score  title\n 0.250  Amélie\n-0.333  a|b, \"c\"\n");
}

TEST(Report, HasColourOnlyWhenAsked) {
  EXPECT_NE(printed(films(), Format::kTable, true).find("\x1b["), std::string::npos);
  EXPECT_EQ(printed(films(), Format::kTable, false).find('\x1b'), std::string::npos);
}

TEST(Report, PlainIsSeparatedByTabsInFullPrecision) {
  EXPECT_EQ(printed(films(), Format::kPlain), "0.25\tAmélie\n-0.33333334\ta|b, \"c\"\n");
}

TEST(Report, CsvHasAHeaderQuotesAndDetails) {
  EXPECT_EQ(printed(films(), Format::kCsv), "rank,score,title\n1,0.25,Amélie\n2,-0.33333334,\"a|b, \"\"c\"\"\"\n");
}

TEST(Report, MarkdownEscapesBars) {
  EXPECT_EQ(printed(films(), Format::kMarkdown),
            "| score | title |\n|---:|---|\n| 0.250 | Amélie |\n| -0.333 | a\\|b, \"c\" |\n");
}

TEST(Report, JsonHasSchemaFieldsAndRows) {
  const auto json = nlohmann::json::parse(printed(films(), Format::kJson));
  EXPECT_EQ(json["schema"], "kin.test/1");
  EXPECT_EQ(json["metric"], "cosine");
  EXPECT_EQ(json["rows"][1]["rank"], 2);
  EXPECT_EQ(json["rows"][1]["title"], "a|b, \"c\"");
  EXPECT_EQ(json["rows"][1]["score"].get<float>(), -1.0F / 3);
}

TEST(Report, JsonlHasOneRowALine) {
  EXPECT_EQ(printed(films(), Format::kJsonl),
            "{\"rank\":1,\"score\":0.25,\"title\":\"Amélie\"}\n{\"rank\":2,\"score\":-0.33333334,\"title\":\"a|b, "
            "\\\"c\\\"\"}\n");
}

TEST(Report, FieldsAloneBecomeTwoColumnsOrAnObject) {
  const Report report{"kin.test/1", {{"a", std::int64_t{7}}, {"long name", true}, {"none", Cell()}}, {}, {}};
  EXPECT_EQ(printed(report, Format::kTable), "a          7\nlong name  true\nnone\n");
  EXPECT_EQ(printed(report, Format::kPlain), "a\t7\nlong name\ttrue\nnone\t\n");
  EXPECT_EQ(printed(report, Format::kJson), "{\"schema\":\"kin.test/1\",\"a\":7,\"long name\":true,\"none\":null}\n");
  EXPECT_EQ(printed(report, Format::kJsonl), printed(report, Format::kJson));
  EXPECT_EQ(printed(report, Format::kCsv), "field,value\na,7\nlong name,true\nnone,\n");
}

TEST(Report, AnEmptyTableIsStillATable) {
  const Report report{"kin.test/1", {}, {{"a"}}, {}};
  EXPECT_EQ(printed(report, Format::kTable), "a\n");
  EXPECT_EQ(printed(report, Format::kPlain), "");
  EXPECT_EQ(printed(report, Format::kJson), "{\"schema\":\"kin.test/1\",\"rows\":[]}\n");
}

TEST(Report, ShowsControlCharactersInsteadOfSendingThem) {
  const Report report{"kin.test/1", {}, {{"title"}}, {{std::string("a\x1b[2Jb\tc\n\xc2\x9b")}}};
  EXPECT_EQ(printed(report, Format::kPlain), "a\\x1b[2Jb\\x09c\\x0a\\u009b\n");
  EXPECT_EQ(nlohmann::json::parse(printed(report, Format::kJson))["rows"][0]["title"], "a\x1b[2Jb\tc\n\xc2\x9b");
}

TEST(Report, JsonIsStrict) {
  EXPECT_EQ(cell_json(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(cell_json(-std::numeric_limits<float>::infinity()), "null");
  EXPECT_EQ(cell_json(std::string("\xff")), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(cell_json(std::vector<std::string>{"a", "b\""}), "[\"a\",\"b\\\"\"]");
  EXPECT_EQ(cell_json(0.1), "0.1");
  EXPECT_EQ(cell_json(0.1F), "0.1");
}

TEST(StreamSink, ReportsWhatTheSystemRefuses) {
  std::FILE* full = std::fopen("/dev/full", "w");
  if (full == nullptr) GTEST_SKIP() << "there is no /dev/full";
  StreamSink sink(full, "standard output");
  sink.write("x");
  try {
    sink.flush();
    ADD_FAILURE() << "the byte was lost in silence";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_EQ(error.message(), "cannot write to standard output: No space left on device");
  }
  std::fclose(full);
}

}  // namespace
}  // namespace kin::cli
