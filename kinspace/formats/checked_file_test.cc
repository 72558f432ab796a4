#include "kinspace/formats/checked_file.h"

#include <gtest/gtest.h>

#include "kinspace/formats/model_fixture.h"

namespace kin {
namespace {

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(mix64(i) & 0x7F);
  return text;
}

FileRecord record_of(const std::string& text) {
  FileDigest digest;
  digest.update(text.data(), text.size());
  return digest.finish("f");
}

TEST(FileDigest, SumsTheWholeAndEveryMebibyteHoweverTheBytesArrive) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kChecksumBlock - 1, kChecksumBlock,
                                  kChecksumBlock + 1, 2 * kChecksumBlock, 2 * kChecksumBlock + 77}) {
    const std::string text = pattern(bytes);
    std::vector<std::string> blocks;
    for (std::size_t at = 0; at < bytes; at += kChecksumBlock) {
      blocks.push_back(checksum_hex(std::string_view(text).substr(at, kChecksumBlock)));
    }
    for (const std::size_t piece : {std::size_t{999}, kChecksumBlock, 3 * kChecksumBlock}) {
      FileDigest digest;
      for (std::size_t at = 0; at < bytes; at += piece) digest.update(text.data() + at, std::min(piece, bytes - at));
      EXPECT_EQ(digest.finish("f"), (FileRecord{"f", bytes, checksum_hex(text), blocks})) << bytes << " by " << piece;
    }
  }
}

TEST(RecordedFile, RecordsWhatIsOnTheDiskAndMakesTheFolder) {
  TemporaryDirectory directory;
  const std::string text = pattern(3000);
  RecordedFile file(directory.path(), "a/b.bin");
  file.write(text);
  EXPECT_FALSE(file_exists(directory.file("a/b.bin")));
  EXPECT_EQ(file.commit(), (FileRecord{"a/b.bin", 3000, checksum_hex(text), {checksum_hex(text)}}));
  EXPECT_EQ(slurp(directory.file("a/b.bin")), text);
}

TEST(CheckedFile, ReadsAnyRangeAcrossBlocks) {
  TemporaryDirectory directory;
  const std::string text = pattern(3 * kChecksumBlock + 100);
  spill(directory.file("f"), text);
  const FileRecord record = record_of(text);
  for (const FileRecord* known : {static_cast<const FileRecord*>(nullptr), &record}) {
    CheckedFile file(directory.file("f"), known);
    file.verify_whole();
    for (const std::uint64_t offset : {std::uint64_t{0}, kChecksumBlock - 3, kChecksumBlock, 2 * kChecksumBlock + 5}) {
      for (const std::size_t bytes :
           {std::size_t{0}, std::size_t{1}, std::size_t{50}, kChecksumBlock, kChecksumBlock + 90}) {
        std::string got(bytes, '\0');
        file.read_at(offset, got.data(), bytes);
        ASSERT_TRUE(got == text.substr(offset, bytes)) << offset << " + " << bytes;
      }
    }
  }
}

TEST(CheckedFile, RefusesEveryReadThatTouchesADamagedBlock) {
  TemporaryDirectory directory;
  std::string text = pattern(2 * kChecksumBlock + 100);
  const FileRecord record = record_of(text);
  text[kChecksumBlock + 12345] ^= 1;
  spill(directory.file("f"), text);
  CheckedFile file(directory.file("f"), &record);
  std::string got(kChecksumBlock, '\0');
  file.read_at(0, got.data(), kChecksumBlock);
  file.read_at(2 * kChecksumBlock, got.data(), 100);
  for (int again = 0; again < 2; ++again) {
    EXPECT_KIN_ERROR(file.read_at(kChecksumBlock, got.data(), 1), ErrorCode::kCorruption,
                     directory.file("f") + ": bytes 1048576-2097151 do not match their checksum");
  }
  EXPECT_KIN_ERROR(file.read_at(kChecksumBlock, got.data(), kChecksumBlock), ErrorCode::kCorruption, "1048576-2097151");
  EXPECT_KIN_ERROR(file.verify_whole(), ErrorCode::kCorruption, "bytes 1048576-2097151");
}

TEST(CheckedFile, RefusesToShowADamagedBlockOfTheMappedFile) {
  TemporaryDirectory directory;
  std::string text = pattern(2 * kChecksumBlock + 100);
  const FileRecord record = record_of(text);
  text[kChecksumBlock + 12345] ^= 1;
  spill(directory.file("f"), text);
  CheckedFile file(directory.file("f"), &record);
  const char* const begin = file.mapped(0, kChecksumBlock);
  if (begin == nullptr) GTEST_SKIP() << "files cannot be mapped here";
  EXPECT_EQ(std::string_view(begin, kChecksumBlock), text.substr(0, kChecksumBlock));
  EXPECT_EQ(file.mapped(2 * kChecksumBlock, 100), begin + 2 * kChecksumBlock);
  for (int again = 0; again < 2; ++again) {
    EXPECT_KIN_ERROR(file.mapped(kChecksumBlock - 1, 2), ErrorCode::kCorruption, "bytes 1048576-2097151");
  }
  EXPECT_KIN_ERROR(file.mapped(2 * kChecksumBlock, 101), ErrorCode::kCorruption, "ends at byte");
}

TEST(CheckedFile, RefusesAnotherLengthThanRecorded) {
  TemporaryDirectory directory;
  const std::string text = pattern(500);
  const FileRecord record = record_of(text);
  spill(directory.file("f"), text.substr(0, 499));
  EXPECT_KIN_ERROR(CheckedFile(directory.file("f"), &record), ErrorCode::kCorruption, "has 499 bytes", "says 500",
                   "cut off at byte 499");
  spill(directory.file("f"), text + "xy");
  EXPECT_KIN_ERROR(CheckedFile(directory.file("f"), &record), ErrorCode::kCorruption, "bytes 500-501 are too many");
}

TEST(CheckedFile, NoticesWhenOnlyTheSumOfTheWholeIsWrong) {
  TemporaryDirectory directory;
  const std::string text = pattern(500);
  FileRecord record = record_of(text);
  spill(directory.file("f"), text);
  record.checksum = checksum_hex("other");
  CheckedFile file(directory.file("f"), &record);
  EXPECT_KIN_ERROR(file.verify_whole(), ErrorCode::kCorruption, "bytes 0-499", "whole");
}

TEST(CheckedFile, RefusesReadsBeyondTheEnd) {
  TemporaryDirectory directory;
  spill(directory.file("f"), "abc");
  CheckedFile file(directory.file("f"));
  char to[8];
  EXPECT_KIN_ERROR(file.read_at(1, to, 3), ErrorCode::kCorruption, "ends at byte 3");
  EXPECT_KIN_ERROR(file.read_at(~std::uint64_t{0}, to, 2), ErrorCode::kCorruption, "ends at byte 3");
}

TEST(LineReader, NumbersLinesAcrossBlocks) {
  TemporaryDirectory directory;
  std::string text;
  const std::string row(70'000, 'x');
  for (int i = 1; i <= 40; ++i) text += std::to_string(i) + row + "\n";
  text += "\n";
  spill(directory.file("f"), text);
  CheckedFile file(directory.file("f"));
  LineReader lines(file);
  std::string line;
  for (int i = 1; i <= 40; ++i) {
    ASSERT_TRUE(lines.next(line));
    ASSERT_TRUE(line == std::to_string(i) + row);
    EXPECT_EQ(lines.number(), i);
  }
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "");
  EXPECT_EQ(lines.place(), directory.file("f") + ":41");
  EXPECT_FALSE(lines.next(line));
}

TEST(LineReader, ShowsTheWholeLinesAtHand) {
  TemporaryDirectory directory;
  std::string text = "one\ntwo\nthree\n";
  text += std::string(kChecksumBlock, 'x') + "\nlast\n";
  spill(directory.file("f"), text);
  CheckedFile file(directory.file("f"));
  LineReader lines(file);
  std::string line;
  EXPECT_EQ(lines.at_hand(), "");
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(lines.at_hand(), "two\nthree\n");
  lines.pass(4, 1);
  EXPECT_EQ(lines.number(), 2);
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line, "three");
  EXPECT_EQ(lines.at_hand(), "");
  ASSERT_TRUE(lines.next(line));
  EXPECT_EQ(line.size(), kChecksumBlock);
  EXPECT_EQ(lines.at_hand(), "last\n");
  EXPECT_EQ(lines.number(), 4);
}

TEST(LineReader, NamesTheLineThatIsCutTooLongOrNotUtf8) {
  TemporaryDirectory directory;
  const auto read_all = [&](const std::string& text) {
    spill(directory.file("f"), text);
    CheckedFile file(directory.file("f"));
    LineReader lines(file);
    std::string line;
    while (lines.next(line)) {
    }
  };
  const auto row = [](std::size_t length) {
    std::string text(length, 'x');
    text.push_back('\n');
    return text;
  };
  read_all(row(LineReader::kMaxLine));
  EXPECT_KIN_ERROR(read_all("a\nb"), ErrorCode::kCorruption, "/f:2", "cut off");
  EXPECT_KIN_ERROR(read_all("a\nb\xff\n"), ErrorCode::kCorruption, "/f:2", "UTF-8");
  EXPECT_KIN_ERROR(read_all("a\n" + row(LineReader::kMaxLine + 1)), ErrorCode::kCorruption, "/f:2", "longer");
  EXPECT_KIN_ERROR(read_all("a\n" + row(3 * LineReader::kMaxLine)), ErrorCode::kCorruption, "/f:2", "longer");
}

}  // namespace
}  // namespace kin
