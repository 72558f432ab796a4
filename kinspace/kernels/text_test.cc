#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kinspace/base/random.h"
#include "kinspace/kernels/csv_scan.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/kernels/text_cells.h"

namespace kin::kernels {
namespace {

class TextKernels : public ::testing::TestWithParam<Isa> {
 protected:
  const Table& kernels() const { return table(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(All, TextKernels, ::testing::ValuesIn(supported_isas()),
                         [](const auto& isa) { return std::string(isa_name(isa.param)); });

// Some cells behind one another in a text.
class Cells {
 public:
  explicit Cells(const std::vector<std::string>& cells, bool quoted = false) : text_(16, '-') {
    for (const std::string& cell : cells) {
      begins_.push_back(static_cast<std::uint32_t>(text_.size()));
      text_ += cell;
      ends_.push_back(static_cast<std::uint32_t>(text_.size()));
      text_ += "-5";  // no part of a cell
    }
    text_.append(32, '-');
    cells_ = {text_.data(), begins_.data(), 1, 0, ends_.data(), 1, quoted};
  }
  const TextCells& get() const { return cells_; }

 private:
  std::string text_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> ends_;
  TextCells cells_;
};

// "empty", "unknown" or the number, of each cell.
std::vector<std::string> integers(const Table& kernels, const std::vector<std::string>& cells, bool quoted = false) {
  const Cells text(cells, quoted);
  std::vector<std::string> out;
  for (std::size_t first = 0; first < cells.size(); first += 64) {
    const std::size_t count = std::min<std::size_t>(64, cells.size() - first);
    std::int64_t values[64];
    const CellSets sets = kernels.read_integers(text.get(), first, count, values);
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back((sets.empty >> i & 1) != 0     ? "empty"
                    : (sets.unknown >> i & 1) != 0 ? "unknown"
                                                   : std::to_string(values[i]));
    }
  }
  return out;
}

// What integers() should say.
std::string plain_integer(const std::string& cell) {
  if (cell.empty()) return "empty";
  const std::string digits = cell.substr(cell[0] == '-' ? 1 : 0);
  const bool known = !digits.empty() && cell.size() <= 16 &&
                     digits.find_first_not_of("0123456789") == std::string::npos &&
                     (digits.size() == 1 || digits[0] != '0');
  return known ? std::to_string(std::stoll(cell)) : "unknown";
}

std::string random_cell(RandomStream& random, const std::string& alphabet, std::uint64_t longest) {
  std::string cell;
  const std::uint64_t size = random.below(longest + 1);
  for (std::uint64_t i = 0; i < size; ++i) cell += alphabet[random.below(alphabet.size())];
  return cell;
}

TEST_P(TextKernels, ReadIntegersOfEverySizeAndTellWhatTheyDoNotKnow) {
  std::vector<std::string> cells = {"",
                                    "0",
                                    "-0",
                                    "-",
                                    "7",
                                    "-7",
                                    "00",
                                    "07",
                                    "-07",
                                    "12345678",
                                    "123456789",
                                    "9999999999999999",
                                    "-9999999999999999",
                                    "99999999999999999",
                                    "1234567a",
                                    "a2345678",
                                    "1234567812345:78",
                                    "/2345678",
                                    "1.5",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "\"1\"",
                                    std::string(300, '1'),
                                    std::string(256, ' '),
                                    "--1",
                                    "1-"};
  RandomStream random(3, Purpose::kInit, 0, 0);
  for (const std::uint64_t longest : {8, 8, 16, 20}) {  // blocks of short ones only, and of others
    for (int i = 0; i < 300; ++i) {
      cells.push_back((random.below(4) == 0 ? "-" : "") +
                      random_cell(random, random.below(6) == 0 ? "0123456789.-/: a\xB0" : "0123456789", longest));
    }
  }
  for (const std::size_t begin : {0, 1, 27, 60, 400, 900}) {
    const std::vector<std::string> some(cells.begin() + static_cast<std::ptrdiff_t>(begin), cells.end());
    std::vector<std::string> want;
    for (const std::string& cell : some) want.push_back(plain_integer(cell));
    EXPECT_EQ(integers(kernels(), some), want);
  }
}

TEST_P(TextKernels, ReadQuotedIntegers) {
  const std::vector<std::string> cells = {"\"12\"", "\"\"", "3", "\"-4\"", "\"1234567890123\"", "\"a\"", ""};
  const std::vector<std::string> want = {"12", "empty", "3", "-4", "1234567890123", "unknown", "empty"};
  EXPECT_EQ(integers(kernels(), cells, true), want);
  EXPECT_EQ(integers(kernels(), {cells.begin(), cells.begin() + 4}, true),
            std::vector<std::string>(want.begin(), want.begin() + 4));
}

TEST_P(TextKernels, ReadCellsWithAStride) {
  // Rows of "1;22;333\n", as a scan leaves them: only the ends of all cells, and cells start behind other ends.
  std::string text(16, '\n');
  std::vector<std::uint32_t> ends;
  std::vector<std::int64_t> want;
  for (int row = 0; row < 100; ++row) {
    for (const int value : {row, 10 * row, 100 * row}) {
      text += std::to_string(value);
      ends.push_back(static_cast<std::uint32_t>(text.size()));
      text += ';';
    }
    want.push_back(10 * row);
  }
  text.append(32, ' ');
  const TextCells cells{text.data(), ends.data(), 3, 1, ends.data() + 1, 3, false};
  std::vector<std::int64_t> values(100);
  kernels().read_integers(cells, 0, 64, values.data());
  const CellSets sets = kernels().read_integers(cells, 64, 36, values.data() + 64);
  EXPECT_EQ(sets.unknown | sets.empty, 0U);
  EXPECT_EQ(values, want);
}

// "empty", "unknown", or the bits of the number.
std::vector<std::string> numbers(const Table& kernels, const std::vector<std::string>& cells, char point) {
  const Cells text(cells);
  std::vector<std::string> out;
  for (std::size_t first = 0; first < cells.size(); first += 64) {
    const std::size_t count = std::min<std::size_t>(64, cells.size() - first);
    double values[64];
    const CellSets sets = kernels.read_numbers(text.get(), first, count, point, values);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, &values[i], 8);
      out.push_back((sets.empty >> i & 1) != 0     ? "empty"
                    : (sets.unknown >> i & 1) != 0 ? "unknown"
                                                   : std::to_string(bits));
    }
  }
  return out;
}

std::string plain_number(std::string cell, char point) {
  if (cell.empty()) return "empty";
  const std::size_t sign = cell[0] == '-' ? 1 : 0;
  const auto at = cell.find(point);
  if (at != std::string::npos) cell[at] = '.';
  std::string digits = cell.substr(sign);
  if (cell.size() > 16) return "unknown";
  if (at != std::string::npos) digits.erase(at - sign, 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return "unknown";
  if (std::stoll(digits) > std::int64_t{1} << 53) return "unknown";
  double value = 0;
  std::from_chars(cell.data() + sign, cell.data() + cell.size(), value);
  if (sign == 1) value = -value;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, 8);
  return std::to_string(bits);
}

TEST_P(TextKernels, ReadNumbersCorrectlyRounded) {
  for (const char point : {'.', ','}) {
    std::vector<std::string> cells = {"",
                                      "0",
                                      "-0",
                                      "-",
                                      ".",
                                      "-.",
                                      "..",
                                      "1.",
                                      ".5",
                                      "-.5",
                                      "4.5",
                                      "1.2.3",
                                      "12345.78",
                                      "0.1234567",
                                      "123456789.1234",
                                      "0.12345678901234",
                                      "9007199254740992",
                                      "9007199254740993",
                                      "900719925474099.3",
                                      "1e5",
                                      "nan",
                                      "1234567.",
                                      ".12345678",
                                      "12345678.",
                                      "12345678.1",
                                      "-122.419416",
                                      "1.23456789.1",
                                      "1.234567.123456789"};
    RandomStream random(4, Purpose::kInit, 0, 0);
    for (const std::uint64_t longest : {7, 7, 14, 17}) {
      for (int i = 0; i < 300; ++i) {
        std::string cell = random_cell(random, random.below(6) == 0 ? "0123456789.-,/: e" : "0123456789", longest);
        if (random.below(4) != 0) cell.insert(random.below(cell.size() + 1), ".");
        cells.push_back((random.below(4) == 0 ? "-" : "") + cell);
      }
    }
    std::vector<std::string> want;
    for (std::string& cell : cells) {
      if (point == ',') {
        for (char& c : cell) c = c == '.' ? ',' : c == ',' ? '.' : c;
      }
      want.push_back(plain_number(cell, point));
    }
    EXPECT_EQ(numbers(kernels(), cells, point), want);
    // Behind the first block, which has long ones, others follow that have none.
    const std::vector<std::string> some(cells.begin() + 40, cells.end());
    EXPECT_EQ(numbers(kernels(), some, point), std::vector<std::string>(want.begin() + 40, want.end()));
  }
}

TEST_P(TextKernels, CopyStringsUpToQuotesAndTheEndOfTheRoom) {
  RandomStream random(6, Purpose::kInit, 0, 0);
  std::vector<std::string> cells;
  for (int i = 0; i < 64; ++i) cells.push_back(random_cell(random, "ab\"", random.below(5) == 0 ? 200 : 20));
  cells[40] = "\"quoted\"";
  for (const bool quoted : {false, true}) {
    const Cells text(cells, quoted);
    for (const std::size_t capacity : {0, 31, 32, 40, 100, 1000, 10000}) {
      std::string bytes(capacity, '.');
      std::int32_t ends[64];
      StringCopies to{bytes.data(), capacity, 0, ends, 0, 0};
      kernels().copy_strings(text.get(), 0, 64, to);
      std::string want;
      std::size_t i = 0;
      for (; i < 64; ++i) {
        const bool stop = quoted && cells[i].starts_with('"');
        if (stop || want.size() + cells[i].size() + StringCopies::kSlack > capacity) break;
        want += cells[i];
        EXPECT_EQ(ends[i], static_cast<std::int32_t>(want.size()));
        EXPECT_EQ(to.empty >> i & 1, cells[i].empty() ? 1U : 0U);
      }
      EXPECT_EQ(to.copied, i);
      EXPECT_EQ(to.used, want.size());
      EXPECT_EQ(bytes.substr(0, want.size()), want);
    }
  }
}

// What a scan finds, as text.
std::string scan(const Table& kernels, const std::string& text, const std::string& separator, bool quotes, bool rest,
                 std::size_t capacity) {
  const std::string padded = "\n" + text + std::string(CsvScan::kReadBehind, '\0');
  std::vector<std::uint32_t> ends(capacity);
  std::vector<std::uint32_t> begins(CsvScan::kRowSlack + capacity);
  std::vector<std::uint32_t> row_ends(begins.size());
  std::vector<std::uint32_t> firsts(begins.size());
  CsvScan s{};
  s.text = padded.data();
  s.begin = 1;
  s.end = static_cast<std::uint32_t>(text.size() + 1);
  s.separator = separator.data();
  s.separator_bytes = static_cast<std::uint32_t>(separator.size());
  s.comment = "#";
  s.comment_bytes = 1;
  s.quotes = quotes;
  s.rest = rest;
  s.columns = 2;
  s.max_row = 200;
  s.ends = ends.data();
  s.ends_capacity = ends.size();
  s.row_begins = begins.data();
  s.row_ends = row_ends.data();
  s.row_firsts = firsts.data();
  s.row_capacity = begins.size();
  kernels.scan_csv(s);
  std::string found;
  const auto add = [&](std::uint64_t value) { found += std::to_string(value) + " "; };
  for (std::size_t row = 0; row < s.rows; ++row) {
    add(begins[row]);
    add(row_ends[row]);
    if (rest) add(firsts[row]);
  }
  for (std::size_t i = 0; i < s.ends_size; ++i) add(ends[i]);
  for (const std::uint64_t value : {std::uint64_t{s.begin}, std::uint64_t{s.seen}, s.lines, std::uint64_t{s.quoted},
                                    std::uint64_t{s.high}, static_cast<std::uint64_t>(s.stop)}) {
    add(value);
  }
  return found;
}

TEST_P(TextKernels, FindTheCellsThatTheScalarKernelsFind) {
  const std::vector<std::string> pieces = {
      "a",  "1,2\n", "1,2\n",  "1,2\r\n", "\"x\",y\n", "\"x\n\",\"\"\n", "\"",      ",",
      "\n", "::",    "1::2\n", "3::4\n",  "#\n",       "\xC3\xA9,1\n",   "1,2,3\n", "\r"};
  RandomStream random(5, Purpose::kInit, 0, 0);
  std::size_t rows = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    const std::uint64_t count = random.below(400);
    const std::uint64_t kinds = 1 + random.below(pieces.size());
    for (std::uint64_t j = 0; j < count; ++j) {
      text += pieces[random.below(30) == 0 ? random.below(kinds) : 1 + random.below(std::min<std::uint64_t>(kinds, 4))];
    }
    const std::string separator = random.below(3) == 0 ? "::" : ",";
    const bool quotes = random.below(3) != 0;
    const bool rest = random.below(3) == 0;
    const std::size_t capacity = random.below(4) == 0 ? 200 : 4000;
    const std::string want = scan(table(Isa::kScalar), text, separator, quotes, rest, capacity);
    ASSERT_EQ(scan(kernels(), text, separator, quotes, rest, capacity), want) << text;
    rows += want.size();
  }
  EXPECT_GT(rows, 1000000U);
}

// FarmHash's HashLen0to16 for 8 bytes and more, as its source has it.
std::uint64_t farm_hash(const std::string& s) {
  const std::uint64_t factor = 0x9ae16a3b2f90404fULL;
  const std::uint64_t mul = factor + 2 * s.size();
  const auto word = [&](std::size_t at) {
    std::uint64_t value = 0;
    std::memcpy(&value, s.data() + at, 8);
    return value;
  };
  const auto rotate = [](std::uint64_t value, int by) { return (value >> by) | (value << (64 - by)); };
  const std::uint64_t a = word(0) + factor;
  const std::uint64_t b = word(s.size() - 8);
  const std::uint64_t c = rotate(b, 37) * mul + a;
  const std::uint64_t d = (rotate(a, 25) + b) * mul;
  std::uint64_t x = (c ^ d) * mul;
  x ^= x >> 47;
  std::uint64_t y = (d ^ x) * mul;
  y ^= y >> 47;
  return y * mul;
}

TEST_P(TextKernels, HashStringsOf8To16BytesAndSayWhichAreOthers) {
  const std::uint64_t divisors[] = {1, 2, 3, 1000003, 1000000, 0xFFFFFFFF, 0x100000001, 0x7FFFFFFFFFFFFFFF};
  RandomStream random(9, Purpose::kInit, 0, 0);
  for (std::size_t count = 1; count <= 64; ++count) {
    std::string text;
    std::vector<TextPiece> pieces;
    for (std::size_t i = 0; i < count; ++i) {
      const auto size = static_cast<std::uint32_t>(random.below(20));
      pieces.push_back({static_cast<std::uint32_t>(text.size()), size});
      for (std::uint32_t k = 0; k < size; ++k) text += static_cast<char>(random.below(256));
    }
    const std::string exact(text);  // the sanitizer sees a byte read beyond it
    const std::uint64_t divisor = divisors[count % std::size(divisors)];
    std::vector<std::int64_t> ids(count, -7);
    const std::uint64_t others =
        kernels().hash_strings(exact.data(), pieces.data(), count, divisor, ~std::uint64_t{0} / divisor, ids.data());
    for (std::size_t i = 0; i < count; ++i) {
      const std::string string = exact.substr(pieces[i].begin, pieces[i].size);
      const bool known = string.size() >= 8 && string.size() <= 16;
      EXPECT_EQ(others >> i & 1, known ? 0U : 1U) << i;
      if (!known) continue;
      EXPECT_EQ(static_cast<std::uint64_t>(ids[i]), farm_hash(string) % divisor) << i << " of " << count;
    }
  }
}

}  // namespace
}  // namespace kin::kernels
