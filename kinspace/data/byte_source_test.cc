#include "kinspace/data/byte_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/random.h"
#include "kinspace/data/packing_testing.h"
#include "kinspace/data/spool.h"
#include "kinspace/data/table_testing.h"
#include "kinspace/data/temporary_file.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string all_of(const ByteSource::Read& read, std::size_t step = 1000) {
  std::string text;
  std::string block(step, '\0');
  while (const std::size_t got = read(block.data(), block.size())) text.append(block, 0, got);
  EXPECT_EQ(read(block.data(), block.size()), 0U) << "more came behind the end";
  return text;
}

std::string unpacked(const std::string& bytes, std::size_t step = 1000) {
  return all_of(unpacked_source(memory_source("x", bytes)).start(), step);
}

std::string refused(const std::string& bytes, ErrorCode code = ErrorCode::kBadData) {
  return refused_with(code, [&] { unpacked(bytes); });
}

// Text that packs to about half.
std::string some_text(std::size_t size) {
  RandomStream random(3, Purpose::kInit, 0, 0);
  std::string text;
  while (text.size() < size) text += std::to_string(random.below(1000000)) + ",";
  text.resize(size);
  return text;
}

TEST(ByteSource, UnpacksGzipAndZstd) {
  for (const std::size_t size : {0UL, 1UL, 5UL, 1000UL, 200000UL, 1000000UL}) {
    const std::string text = some_text(size);
    for (const std::size_t step : {1UL, 999UL, 300000UL}) {
      if (step == 1 && size > 1000) continue;
      EXPECT_EQ(unpacked(gzip(text), step), text) << size;
      EXPECT_EQ(unpacked(zstd(text), step), text) << size;
      EXPECT_EQ(unpacked(text, step), text) << size;
    }
  }
}

TEST(ByteSource, ReadsAllMembersAndFrames) {
  const std::string a = some_text(70000);
  const std::string b = some_text(300);
  EXPECT_EQ(unpacked(gzip(a) + gzip("") + gzip(b)), a + b);
  EXPECT_EQ(unpacked(gzip(a) + gzip(b) + std::string(600, '\0')), a + b);
  EXPECT_EQ(unpacked(zstd(a) + zstd("") + zstd(b)), a + b);
  const std::string skipped("\x5A\x2A\x4D\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(unpacked(skipped + zstd(a) + skipped), a);
}

TEST(ByteSource, WhatOnlyLooksPackedIsPlain) {
  for (const char* text : {"\x1F\x8B", "BZh", "BZh1,2\n", "\x28\xB5\x2F", "Q*M"}) EXPECT_EQ(unpacked(text), text);
}

TEST(ByteSource, TruncatedDataAreRefused) {
  const std::string text = some_text(5000);
  for (const auto& [kind, packed] : {std::pair("gzip", gzip(text)), std::pair("zstd", zstd(text))}) {
    for (std::size_t size = 4; size < packed.size(); size += 7) {
      EXPECT_THAT(refused(packed.substr(0, size)), AllOf(HasSubstr("x ends in the middle"), HasSubstr(kind))) << size;
    }
  }
}

TEST(ByteSource, DamagedDataAreRefused) {
  const std::string text = some_text(5000);
  std::string flipped = gzip(text);
  flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);  // the checksum
  EXPECT_THAT(refused(flipped), HasSubstr("x: its gzip data are damaged near byte"));
  flipped = zstd(text);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 16);
  EXPECT_THAT(refused(flipped), HasSubstr("x: its zstd data are damaged near byte"));
  EXPECT_THAT(refused(gzip(text) + "more"), HasSubstr("other bytes follow"));
  EXPECT_THAT(refused(gzip(text) + std::string("\0\0more", 6)), HasSubstr("other bytes follow"));
  EXPECT_THAT(refused(zstd(text) + "more"), HasSubstr("zstd data are damaged"));
}

TEST(ByteSource, OtherArchivesAreNamed) {
  EXPECT_THAT(refused(std::string("\xFD"
                                  "7zXZ\0\0\4",
                                  8),
                      ErrorCode::kNotSupported),
              AllOf(HasSubstr("x is packed by xz"), HasSubstr("xz --decompress --keep x")));
  EXPECT_THAT(refused("BZh91AY&SY....", ErrorCode::kNotSupported), HasSubstr("bzip2"));
}

TEST(ByteSource, AWindowBeyondTheLimitIsRefused) {
  // A frame header of zstd that asks for a window of 2^31 bytes.
  EXPECT_THAT(refused(std::string("\x28\xB5\x2F\xFD\0\xA8\1\0\0", 9), ErrorCode::kNotSupported),
              HasSubstr("zstd -d --long=31 x"));
}

TEST(ByteSource, ABombTakesTimeNotMemory) {
  for (const std::string& packed : {gzip(std::string(50'000'000, ' ')), zstd(std::string(50'000'000, ' '))}) {
    const ByteSource::Read read = unpacked_source(memory_source("x", packed)).start();
    std::size_t size = 0;
    char block[1 << 16];
    while (const std::size_t got = read(block, sizeof block)) size += got;
    EXPECT_EQ(size, 50'000'000U);
  }
}

TEST(ByteSource, CountsThePackedBytes) {
  const std::string text = some_text(500000);
  const std::string packed = gzip(text);
  const ByteSource source = unpacked_source(memory_source("x", packed));
  EXPECT_EQ(source.size, packed.size());
  const ByteSource::Read read = source.start();
  std::string block(100000, '\0');
  std::uint64_t got = 0;
  while (got < block.size()) got += read(block.data() + got, block.size() - got);
  EXPECT_GT(*source.taken, 0U);
  EXPECT_LT(*source.taken, packed.size());
  all_of(read);
  EXPECT_EQ(*source.taken, packed.size());
  EXPECT_EQ(estimate_text_bytes(source, text.size()), text.size());
}

TEST(ByteSource, EstimatesTheTextOfAPackedFile) {
  const std::string text = some_text(5000000);
  const ByteSource source = unpacked_source(memory_source("x", gzip(text)));
  const ByteSource::Read read = source.start();
  std::string block(1000000, '\0');
  std::size_t got = 0;
  while (got < block.size()) got += read(block.data() + got, block.size() - got);
  EXPECT_NEAR(static_cast<double>(estimate_text_bytes(source, got)), 5e6, 1e6);
}

TEST(ByteSource, TranscodesLatin1) {
  std::string bytes;
  std::string want;
  for (int c = 1; c < 256; ++c) {
    bytes.push_back(static_cast<char>(c));
    if (c >= 0x80) want.push_back(static_cast<char>(0xC0 | c >> 6));
    want.push_back(static_cast<char>(c >= 0x80 ? 0x80 | (c & 0x3F) : c));
  }
  const ByteSource source = latin1_source(memory_source("x", bytes));
  for (const std::size_t step : {1, 2, 3, 7, 1000}) EXPECT_EQ(all_of(source.start(), step), want) << step;
}

TEST(ByteSource, AFileIsReadAsOftenAsWanted) {
  const std::string text = some_text(3000);
  const TemporaryFile file(gzip(text), ".anything");
  const ByteSource source = file_source(file.path());
  EXPECT_EQ(source.name, file.path());
  EXPECT_EQ(source.size, file_size(file.path()));
  const ByteSource::Read first = source.start();
  EXPECT_EQ(all_of(source.start()), text);
  EXPECT_EQ(all_of(first), text);
}

TEST(ByteSource, AMissingFileIsNamed) {
  EXPECT_THAT(refused_with(ErrorCode::kIo, [] { file_source("/nowhere/x.csv"); }), HasSubstr("/nowhere/x.csv"));
  EXPECT_THAT(refused_with(ErrorCode::kIo, [] { all_of(file_source(::testing::TempDir()).start()); }),
              HasSubstr("directory"));
}

// A named pipe that a thread writes `content` to.
class Fifo {
 public:
  explicit Fifo(std::string content) : path_(::testing::TempDir() + "kin-fifo-" + std::to_string(::getpid())) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    writer_ = std::thread([path = path_, text = std::move(content)] {
      std::FILE* file = std::fopen(path.c_str(), "wb");
      if (file == nullptr) return;
      std::fwrite(text.data(), 1, text.size(), file);
      std::fclose(file);
    });
  }
  ~Fifo() {
    writer_.join();
    ::unlink(path_.c_str());
  }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  std::thread writer_;
};

TEST(ByteSource, APipeIsReadAsOftenAsWanted) {
  const std::string text = some_text(300000);
  const Fifo fifo(zstd(text));
  const ByteSource source = file_source(fifo.path());
  EXPECT_EQ(source.size, 0U);
  std::string block(1000, '\0');
  const ByteSource::Read begun = source.start();
  EXPECT_GT(begun(block.data(), block.size()), 0U);
  EXPECT_EQ(all_of(source.start()), text);
  EXPECT_EQ(all_of(source.start(), 77777), text);
}

TEST(ByteSource, TheLastReaderOfAPipeKeepsNothing) {
  const std::string text = some_text(300000);
  const Fifo fifo(text);
  const ByteSource source = file_source(fifo.path());
  std::string block(1000, '\0');
  EXPECT_GT(source.start()(block.data(), block.size()), 0U);
  source.last();
  EXPECT_EQ(all_of(source.start()), text);
  EXPECT_THAT(refused_with(ErrorCode::kNotSupported, [&] { all_of(source.start()); }), HasSubstr("only once"));
}

TEST(ByteSource, DevicesAreReadToo) {
  EXPECT_EQ(all_of(file_source("/dev/null").start()), "");
}

TEST(Spool, LeavesNoFileBehind) {
  const TemporaryFile marker("");
  const std::string directory = marker.path() + "-spool";
  std::filesystem::create_directory(directory);
  const char* before = std::getenv("TMPDIR");
  const std::string old = before != nullptr ? before : "";
  ::setenv("TMPDIR", directory.c_str(), 1);
  {
    Spool spool("a pipe", memory_source("x", "abc").start());
    char byte = 0;
    EXPECT_EQ(spool.read(0, &byte, 1), 1U);
    EXPECT_EQ(byte, 'a');
    EXPECT_TRUE(std::filesystem::is_empty(directory));
  }
  std::filesystem::remove(directory);
  // temp_directory_path() then says nothing, and /tmp takes its place.
  EXPECT_NO_THROW(Spool("a pipe", memory_source("x", "abc").start()));
  if (before != nullptr) {
    ::setenv("TMPDIR", old.c_str(), 1);
  } else {
    ::unsetenv("TMPDIR");
  }
}

}  // namespace
}  // namespace kin
