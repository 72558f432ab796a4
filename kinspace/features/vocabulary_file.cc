#include "kinspace/features/vocabulary_file.h"

#include <fmt/core.h>

#include <string_view>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/data/byte_source.h"
#include "kinspace/data/key_index.h"
#include "kinspace/data/parse_number.h"

namespace kin {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr std::size_t kMaxKeyBytes = std::size_t{1} << 24;

class Lines {
 public:
  Lines(const std::string& path, bool integers) : path_(path), integers_(integers), seen_(integers) {}

  std::int64_t count() const noexcept { return seen_.size(); }

  void add(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) fail("is empty", "each line holds a key");
    const auto next = static_cast<std::uint32_t>(count());
    std::uint32_t number = 0;
    if (integers_) {
      std::int64_t key = 0;
      const Parsed parsed = parse_integer(line, key);
      if (parsed != Parsed::kOk && parsed != Parsed::kLeadingZero) {
        fail(fmt::format("holds {}, which is no integer of 64 bits", quoted(line)), "");
      }
      number = seen_.insert(key);
    } else {
      number = seen_.insert(line);
    }
    if (number != next) {
      fail(fmt::format("repeats {}, which stands on line {}", quoted(line), number + 1), "drop one of them");
    }
  }

  KeyList keys() const { return seen_.keys(); }

 private:
  [[noreturn]] void fail(const std::string& what, std::string fix) const {
    throw Error::bad_data(fmt::format("{}:{}: the line of the vocabulary {}", path_, count() + 1, what),
                          std::move(fix));
  }

  const std::string& path_;
  bool integers_;
  KeyIndex seen_;
};

}  // namespace

KeyList read_vocabulary_file(const std::string& path, std::int64_t rows, bool integers) {
  Lines lines(path, integers);
  const ByteSource::Read read = file_source(path).start();
  std::string rest;  // the begin of a line that goes on in the next block
  std::vector<char> block(kBlock);
  const auto full = [&] { return rows > 0 && lines.count() == rows; };
  for (std::size_t size = 0; !full() && (size = read(block.data(), block.size())) > 0;) {
    std::string_view text(block.data(), size);
    while (!full()) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) {
        if (rest.size() + text.size() > kMaxKeyBytes) {
          throw Error::bad_data(fmt::format("{}:{}: the line is longer than 16 MiB", path, lines.count() + 1),
                                "a vocabulary file holds a key a line");
        }
        rest += text;
        break;
      }
      if (rest.empty()) {
        lines.add(text.substr(0, end));
      } else {
        rest += text.substr(0, end);
        lines.add(rest);
        rest.clear();
      }
      text.remove_prefix(end + 1);
    }
  }
  if (!full() && !rest.empty()) lines.add(rest);
  if (lines.count() == 0) throw Error::bad_data(fmt::format("{}: the vocabulary is empty", path));
  if (lines.count() < rows) {
    throw Error::bad_data(
        fmt::format("{}: the vocabulary has {} lines; path_rows asks for {}", path, lines.count(), rows));
  }
  return lines.keys();
}

}  // namespace kin
