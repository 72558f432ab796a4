#include "kinspace/formats/vocabulary_text.h"

#include <gtest/gtest.h>

#include <limits>

#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

using Integers = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

TEST(VocabularyText, IsReadableByLineAndTab) {
  TemporaryDirectory directory;
  write_vocabulary_text(directory.path(), "v.txt", {Integers{318, -7, 0}, {900, 7, 0}});
  EXPECT_EQ(slurp(directory.file("v.txt")),
            "# kinspace-vocabulary version=1 keys=int64 rows=3\n318\t900\n-7\t7\n0\t0\n");
  write_vocabulary_text(directory.path(), "v.txt", {Strings{"Drama", "a\tb\\n\r\n", "#"}, {3, 2, 1}});
  EXPECT_EQ(slurp(directory.file("v.txt")),
            "# kinspace-vocabulary version=1 keys=string rows=3\nDrama\t3\na\\tb\\\\n\\r\\n\t2\n#\t1\n");
  write_labels_text(directory.path(), "v.labels.txt", {"Toy Story (1995)", "", "two\nlines"});
  EXPECT_EQ(slurp(directory.file("v.labels.txt")),
            "# kinspace-labels version=1 rows=3\nToy Story (1995)\n\ntwo\\nlines\n");
}

TEST(VocabularyText, ComesBackAsWritten) {
  TemporaryDirectory directory;
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const VocabularyText samples[] = {
      {Integers{}, {}},
      {Integers{kMin, -1, 0, 1, kMax}, {kMax, 4, 3, 2, 0}},
      {Strings{}, {}},
      {Strings{"", " ", "\\", "\\t", "\t", "\n", "\r", "12", "é€😀", std::string("a\0b", 3)},
       {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}};
  for (const VocabularyText& sample : samples) {
    const FileRecord record = write_vocabulary_text(directory.path(), "v.txt", sample);
    const VocabularyText back = read_vocabulary_text(directory.file("v.txt"), &record);
    EXPECT_EQ(back.keys, sample.keys);
    EXPECT_EQ(back.counts, sample.counts);
  }
  const Strings labels = {"", "\\", "a\tb", "x\n", ""};
  const FileRecord record = write_labels_text(directory.path(), "l.txt", labels);
  EXPECT_EQ(read_labels_text(directory.file("l.txt"), &record), labels);
}

TEST(VocabularyText, ManyRowsAndLongKeysCrossTheBlocksOfTheFile) {
  TemporaryDirectory directory;
  VocabularyText many{Strings{}, {}};
  for (int i = 0; i < 3000; ++i) {
    std::get<1>(many.keys).push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i), '\t'));
    many.counts.push_back(i);
  }
  const FileRecord record = write_vocabulary_text(directory.path(), "v.txt", many);
  EXPECT_GT(record.blocks.size(), 3U);
  EXPECT_TRUE(read_vocabulary_text(directory.file("v.txt"), &record).keys == many.keys);
}

TEST(VocabularyText, ManyIntegersOfAllLengthsCrossTheBlocksOfTheFile) {
  TemporaryDirectory directory;
  VocabularyText many{Integers{}, {}};
  for (std::uint64_t i = 0; i < 200000; ++i) {
    std::get<0>(many.keys).push_back(static_cast<std::int64_t>(i < 1000 ? i : mix64(i)) >>
                                     mix64(~i) % (i < 1000 ? 1 : 20));
    many.counts.push_back(static_cast<std::int64_t>(mix64(i) >> (1 + i % 63)));
  }
  const FileRecord record = write_vocabulary_text(directory.path(), "v.txt", many);
  EXPECT_GT(record.blocks.size(), 3U);
  const VocabularyText back = read_vocabulary_text(directory.file("v.txt"), &record);
  EXPECT_TRUE(back.keys == many.keys);
  EXPECT_TRUE(back.counts == many.counts);
}

TEST(VocabularyText, RefusesToWriteWhatNobodyCouldRead) {
  TemporaryDirectory directory;
  const auto write = [&](VocabularyText vocabulary) { write_vocabulary_text(directory.path(), "v.txt", vocabulary); };
  EXPECT_KIN_ERROR(write({Integers{1, 2}, {1}}), ErrorCode::kInvalidArgument, "2 keys and 1 counts");
  EXPECT_KIN_ERROR(write({Integers{5, 2, 5}, {1, 1, 1}}), ErrorCode::kInvalidArgument, "rows 0 and 2", "'5'");
  EXPECT_KIN_ERROR(write({Strings{"a", "a"}, {1, 1}}), ErrorCode::kInvalidArgument, "rows 0 and 1", "'a'");
  EXPECT_KIN_ERROR(write({Integers{1}, {-1}}), ErrorCode::kInvalidArgument, "count -1 of row 0");
  EXPECT_KIN_ERROR(write({Strings{"\xff"}, {1}}), ErrorCode::kInvalidArgument, "not UTF-8");
  EXPECT_KIN_ERROR(write({Strings{std::string(300'000, 'x')}, {1}}), ErrorCode::kInvalidArgument,
                   "longer than 256 KiB");
  EXPECT_KIN_ERROR(write_labels_text(directory.path(), "l.txt", {"a", "\xc0\x80"}), ErrorCode::kInvalidArgument,
                   "row 1");
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(VocabularyText, NamesTheLineThatIsWrong) {
  TemporaryDirectory directory;
  const std::string head = "# kinspace-vocabulary version=1 keys=";
  const struct {
    std::string text, line, what;
  } cases[] = {
      {"", ":1", "header"},
      {"1\t2\n", ":1", "header"},
      {"# kinspace-labels version=1 rows=0\n", ":1", "header"},
      {"# kinspace-vocabulary version=1\n", ":1", "no"},
      {head + "int32 rows=0\n", ":1", "not a header"},
      {head + "int64 rows=-1\n", ":1", "not a header"},
      {head + "int64 rows=\n", ":1", "not a header"},
      {head + "int64 rows=01\n1\t1\n", ":1", "not a header"},
      {head + "int64 rows=1 more\n1\t1\n", ":1", "not a header"},
      {head + "int64 rows=1\r\n1\t1\r\n", ":1", "not a header"},
      {head + "int64 rows=1152921504606846976\n1\t1\n", ":1", "cannot stand in"},
      {head + "int64 rows=2\n1\t1\n", ":3", "ends after 1 rows"},
      {head + "int64 rows=1\n1\t1\n2\t1\n", ":3", "more lines than the 1 rows"},
      {head + "int64 rows=1\n1\t1", ":2", "cut off"},
      {head + "int64 rows=1\n11\n", ":2", "no tab"},
      {head + "int64 rows=1\n1\t\n", ":2", "no count"},
      {head + "int64 rows=1\n1\t-1\n", ":2", "no count"},
      {head + "int64 rows=1\n1\t1\t1\n", ":2", "no count"},
      {head + "int64 rows=1\n1\t1 \n", ":2", "no count"},
      {head + "int64 rows=1\n\t1\n", ":2", "integer"},
      {head + "int64 rows=1\n007\t1\n", ":2", "integer"},
      {head + "int64 rows=1\n-0\t1\n", ":2", "integer"},
      {head + "int64 rows=1\n-\t1\n", ":2", "integer"},
      {head + "int64 rows=1\n9223372036854775808\t1\n", ":2", "integer"},
      {head + "int64 rows=1\nDrama\t1\n", ":2", "'Drama'"},
      {head + "int64 rows=3\n4\t1\n5\t1\n4\t1\n", ":4", "line 2 too"},
      {head + "int64 rows=3\n1\t1\n2\t1\n3\t01\n", ":4", "no count"},
      {head + "int64 rows=3\n1\t1\n--2\t1\n3\t1\n", ":3", "integer"},
      {head + "int64 rows=3\n1\t1\n2\t9223372036854775808\n3\t1\n", ":3", "no count"},
      {head + "int64 rows=3\n1\t1\n2\t1\n", ":4", "ends after 2 rows"},
      {head + "int64 rows=2\n1\t1\n2\t1\n3\t1\n", ":4", "more lines"},
      {head + "string rows=2\nx\t1\nx\t1\n", ":3", "'x'"},
      {head + "string rows=1\na\\x\t1\n", ":2", "escaped"},
      {head + "string rows=1\na\\\t1\n", ":2", "escaped"},
      {head + "string rows=1\na\rb\t1\n", ":2", "escaped"},
      {head + "string rows=1\n\xff\t1\n", ":2", "UTF-8"},
  };
  for (const auto& c : cases) {
    spill(directory.file("v.txt"), c.text);
    EXPECT_KIN_ERROR(read_vocabulary_text(directory.file("v.txt")), ErrorCode::kCorruption, "v.txt" + c.line, c.what);
  }
}

TEST(VocabularyText, NamesTheTitleThatIsWrong) {
  TemporaryDirectory directory;
  const std::string head = "# kinspace-labels version=1 rows=";
  const struct {
    std::string text, line, what;
  } cases[] = {
      {head + "2\na\n", ":3", "ends after 1 rows"},
      {head + "1\na\nb\n", ":3", "more lines"},
      {head + "99\na\n", ":1", "99 rows cannot stand in"},
      {head + "1\na\tb\n", ":2", "escaped"},
      {head + "1\na\\q\n", ":2", "escaped"},
      {head + "1 keys=int64\na\n", ":1", "not a header"},
  };
  for (const auto& c : cases) {
    spill(directory.file("l.txt"), c.text);
    EXPECT_KIN_ERROR(read_labels_text(directory.file("l.txt")), ErrorCode::kCorruption, "l.txt" + c.line, c.what);
  }
}

TEST(VocabularyText, RefusesNewerVersionsPolitely) {
  TemporaryDirectory directory;
  spill(directory.file("v.txt"), "# kinspace-vocabulary version=2 anything\n");
  EXPECT_KIN_ERROR(read_vocabulary_text(directory.file("v.txt")), ErrorCode::kNotSupported, "v.txt:1", "version 2",
                   "knows version 1");
  spill(directory.file("l.txt"), "# kinspace-labels version=10\n");
  EXPECT_KIN_ERROR(read_labels_text(directory.file("l.txt")), ErrorCode::kNotSupported, "version 10");
  spill(directory.file("v.txt"), "# kinspace-vocabulary version=\n");
  EXPECT_KIN_ERROR(read_vocabulary_text(directory.file("v.txt")), ErrorCode::kCorruption, "header");
}

TEST(VocabularyText, FailsItsChecksumBeforeItIsRead) {
  TemporaryDirectory directory;
  const FileRecord record = write_vocabulary_text(directory.path(), "v.txt", {Integers{1, 2}, {1, 1}});
  std::string text = slurp(directory.file("v.txt"));
  text[text.size() - 2] = '9';
  spill(directory.file("v.txt"), text);
  EXPECT_KIN_ERROR(read_vocabulary_text(directory.file("v.txt"), &record), ErrorCode::kCorruption, "checksum");
}

}  // namespace
}  // namespace kin
