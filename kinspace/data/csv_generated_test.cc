// The CSV scanner beside a slow parser, on generated texts in every dialect.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/data/csv_testing.h"

namespace kin {
namespace {

using testing::CsvCase;
using testing::CsvOutcome;
using testing::CsvReference;
using testing::scan_csv;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed, Purpose::kInit, 0, 0) {}

  CsvCase next() {
    CsvCase c;
    if (random_.below(2) == 0) c.dialect.separator = pick({";", "\t", " ", "::", "||", "§", "-+-", "aa"});
    if (random_.below(4) == 0) c.dialect.comment = pick({"#", "//", "a", "\""});
    c.dialect.quotes = random_.below(5) != 0;
    c.tolerant = random_.below(2) == 0;
    if (random_.below(3) == 0) {
      c.names = 1 + random_.below(3);
      c.rest = random_.below(2) == 0;
    }
    if (random_.below(8) == 0) {
      c.limits.max_cell_bytes = 1 + random_.below(40);
      c.limits.max_row_bytes = 1 + random_.below(80);
    }
    columns_ = c.names > 0 ? c.names : 2;
    const bool tidy = random_.below(2) == 0;  // whole rows for the most part, so that the text goes on for long
    if (random_.below(8) == 0) c.text = "\xEF\xBB\xBF";
    if (c.names == 0 && random_.below(8) != 0) c.text += "a" + c.dialect.separator + "b\n";
    const std::uint64_t parts = random_.below(tidy ? 40 : 80);
    for (std::uint64_t i = 0; i < parts; ++i) {
      c.text += tidy && random_.below(40) != 0 ? row(c) : piece(c);
      if (random_.below(200) == 0)
        c.text += random_.below(3) == 0 ? '\0' : static_cast<char>(0x80 + random_.below(128));
    }
    return c;
  }

  std::size_t block() { return 4 + random_.below(random_.below(2) == 0 ? 12 : 300); }

 private:
  std::string pick(const std::vector<std::string>& choices) { return choices[random_.below(choices.size())]; }

  std::string piece(const CsvCase& c) {
    return pick({"a",
                 "1",
                 "xyz",
                 " ",
                 c.dialect.separator,
                 c.dialect.separator,
                 c.dialect.separator.substr(0, 1),
                 c.dialect.comment,
                 "\n",
                 "\n",
                 "\n",
                 "\"",
                 "\"\"",
                 "\r\n",
                 "\r",
                 "\"q\"",
                 "\"1" + c.dialect.separator + "\n2\"",
                 "\xC3\xA9",
                 "𝄞",
                 "\xC2",
                 std::string(70, 'x')});
  }

  std::string row(const CsvCase& c) {
    if (random_.below(30) == 0) return "\n";
    if (random_.below(20) == 0 && !c.dialect.comment.empty()) return c.dialect.comment + "no, \"row\n";
    std::string text;
    const std::size_t cells = c.rest ? columns_ - 1 + random_.below(4) : columns_;
    for (std::size_t i = 0; i < cells; ++i) {
      std::string cell = pick({"", "1", "22", "4.5", "word", "é", "a longer cell of some words"});
      if (c.dialect.quotes && random_.below(4) == 0) {
        cell = "\"" + cell + pick({"", "\"\"", "\n", c.dialect.separator, "\r\n"}) + "\"";
      }
      text += (i == 0 ? "" : c.dialect.separator) + cell;
    }
    return text + (random_.below(4) == 0 ? "\r\n" : "\n");
  }

  RandomStream random_;
  std::size_t columns_ = 2;
};

TEST(CsvScanner, AgreesWithTheReferenceOnGeneratedTextsWithAllKernels) {
  Generator generator(11);
  int errors = 0;
  std::size_t rows = 0;
  std::size_t bad = 0;
  for (int i = 0; i < 10000; ++i) {
    CsvCase c = generator.next();
    const CsvOutcome want = CsvReference(c).run();
    errors += want.error.empty() ? 0 : 1;
    rows += want.rows.size();
    bad += want.bad.size();
    for (const kernels::Isa isa : kernels::supported_isas()) {
      for (const std::size_t block : {generator.block(), generator.block(), std::size_t{1} << 16}) {
        c.limits.block_bytes = block;
        ASSERT_EQ(scan_csv(c, kernels::table(isa)), want)
            << "text " << i << ", " << kernels::isa_name(isa) << ", blocks of " << block << ", separator "
            << c.dialect.separator << ", comment " << c.dialect.comment << ", names " << c.names << ", quotes "
            << c.dialect.quotes << ", limits " << c.limits.max_cell_bytes << " " << c.limits.max_row_bytes << ":\n"
            << ::testing::PrintToString(c.text);
      }
    }
  }
  // All kinds of outcome were there.
  EXPECT_GT(errors, 2000);
  EXPECT_LT(errors, 8000);
  EXPECT_GT(rows, 50000U);
  EXPECT_GT(bad, 10000U);
}

}  // namespace
}  // namespace kin
