#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "kinspace/base/error.h"
#include "kinspace/base/text.h"
#include "kinspace/formats/internal/tensor_sources.h"
#include "kinspace/formats/internal/vector_lines.h"

namespace kin::internal {
namespace {

constexpr std::int64_t kMarkEvery = 1024;  // rows between two offsets that are remembered
constexpr std::size_t kMostSniffed = std::size_t{4} << 20;
constexpr std::size_t kMaxKey = std::size_t{1} << 16;

/// "300000 100", the first line of word2vec's formats.
struct Heading {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};

std::optional<Heading> parse_heading(std::string_view line) {
  Heading heading;
  line = trim(line);
  const char* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, heading.rows);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, heading.cols);
  if (second.ec != std::errc() || second.ptr != end || heading.rows < 0 || heading.cols < 1) return std::nullopt;
  return heading;
}

bool all_numbers(const VectorLine& line) {
  float value = 0;
  return std::all_of(line.numbers.begin(), line.numbers.end(),
                     [&](std::string_view t) { return parse_float(t, value); });
}

/// Whether a line is a key and numbers. `dim` as cut_vector_line has it.
bool is_vector(std::string_view line, char separator, std::size_t dim) {
  VectorLine cut;
  std::string unquoted;
  return cut_vector_line(line, separator, dim, cut, unquoted) && all_numbers(cut);
}

/// The separator of a CSV file, if its first lines, of which one may be a header, are keys and numbers; 0 if not.
char csv_separator(const std::string& first, const std::string& second) {
  for (const char separator : {'\t', ',', ';'}) {
    if (is_vector(first, separator, 0) ||
        (first.find(separator) != std::string::npos && is_vector(second, separator, 0))) {
      return separator;
    }
  }
  return '\0';
}

class WordVectors final : public TensorFile {
 public:
  WordVectors(const std::string& path, std::string_view format)
      : TensorFile(format, path), binary_(format == "word2vec-bin"), lines_(path) {
    Heading heading;
    if (format == "word2vec" || binary_) {
      std::string line;
      const auto parsed = lines_.next(line) ? parse_heading(line) : std::nullopt;
      if (!parsed) refuse("its first line is not the number of vectors and their width, as word2vec has it");
      heading = *parsed;
      line_ = binary_ ? 0 : 1;
      // Each number takes two bytes at least, or exactly four.
      const std::uint64_t room = lines_.file().size() / (binary_ ? 4 : 2);
      if (static_cast<std::uint64_t>(heading.cols) > room) {
        refuse(fmt::format("vectors of {} numbers cannot stand in {} bytes", heading.cols, lines_.file().size()));
      }
      cols_ = heading.cols;
    } else {
      look_at_first_lines(format);
    }
    start_line_ = line_;
    scan();
    const auto rows = static_cast<std::int64_t>(tokens_.size());
    if ((format == "word2vec" || binary_) && rows != heading.rows) {
      refuse(fmt::format("its first line promises {} vectors; it has {}", heading.rows, rows));
    }
    if (rows == 0 && cols_ == 0) refuse("it has no vectors");
    set_tensors({{"vectors", StoredType::kF32, {rows, cols_}}});
  }

  const TokenList* tokens(const StoredTensor& /*tensor*/) override { return &tokens_; }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error::corruption(fmt::format("{}: {}", path(), what));
  }
  [[noreturn]] void refuse_line(const std::string& what) const { refuse(fmt::format("line {}: {}", line_, what)); }

  /// Finds the separator and the width of a file without a heading, and passes over a header of names.
  void look_at_first_lines(std::string_view format) {
    std::string first;
    std::string second;
    lines_.next(first);
    const std::uint64_t behind_first = lines_.offset();
    lines_.next(second);
    separator_ = format == "csv" ? csv_separator(first, second) : ' ';
    VectorLine cut;
    std::string unquoted;
    if (separator_ == '\0' || !cut_vector_line(first, separator_, 0, cut, unquoted)) {
      refuse("its first lines are not a key and numbers");
    }
    const bool header = format == "csv" && !all_numbers(cut);
    cols_ = static_cast<std::int64_t>(cut.numbers.size());
    lines_.seek(header ? behind_first : 0);
    line_ = header ? 1 : 0;
  }

  /// Goes through all rows once: keys, and where to find rows again.
  void scan() {
    std::string key;
    while (true) {
      const std::uint64_t offset = lines_.offset();
      if (!next_row(key, nullptr)) return;
      if (static_cast<std::int64_t>(tokens_.size()) % kMarkEvery == 0) marks_.push_back(offset);
      tokens_.add(key);
    }
  }

  /// The next row; its numbers too where wanted. False at the end.
  bool next_row(std::string& key, float* numbers) {
    return binary_ ? next_binary(key, numbers) : next_text(key, numbers);
  }

  bool next_text(std::string& key, float* numbers) {
    do {
      if (!lines_.next(text_)) return false;
      ++line_;
    } while (text_.empty());
    VectorLine& cut = cut_;
    if (!cut_vector_line(text_, separator_, static_cast<std::size_t>(cols_), cut, unquoted_)) {
      refuse_line(fmt::format("a key and {} numbers are needed", cols_));
    }
    key.assign(cut.key);
    for (std::size_t i = 0; numbers != nullptr && i < cut.numbers.size(); ++i) {
      if (!parse_float(cut.numbers[i], numbers[i]))
        refuse_line(fmt::format("{} is no number", kin::quoted(cut.numbers[i])));
    }
    return true;
  }

  bool next_binary(std::string& key, float* numbers) {
    WindowFile& file = lines_.file();
    std::uint64_t at = lines_.offset();
    key.clear();
    for (bool ended = false; !ended;) {
      std::string_view piece = file.some(at, kMaxKey + 1);
      if (piece.empty()) {
        if (key.empty()) return false;
        refuse(fmt::format("it ends within the key of vector {}", line_ + 1));
      }
      // A line feed may follow the numbers of the vector before.
      if (key.empty() && piece.front() == '\n') {
        ++at;
        continue;
      }
      const std::size_t blank = piece.find(' ');
      ended = blank != std::string_view::npos;
      key.append(piece.substr(0, blank));
      at += ended ? blank + 1 : piece.size();
      if (key.size() > kMaxKey) refuse(fmt::format("the key of vector {} is longer than {} bytes", line_ + 1, kMaxKey));
    }
    ++line_;
    const std::uint64_t bytes = static_cast<std::uint64_t>(cols_) * sizeof(float);
    if (bytes > file.size() - at) refuse(fmt::format("it ends within vector {}", line_));
    for (std::uint64_t done = 0; numbers != nullptr && done < bytes;) {
      const std::string_view piece = file.some(at + done, bytes - done);
      std::memcpy(reinterpret_cast<char*>(numbers) + done, piece.data(), piece.size());
      done += piece.size();
    }
    lines_.seek(at + bytes);
    return true;
  }

  void read_stored(const StoredTensor& /*tensor*/, std::int64_t first, std::int64_t count,
                   const ElementSink& sink) override {
    std::int64_t row = first / cols_;
    const std::int64_t mark = row / kMarkEvery;
    lines_.seek(marks_[static_cast<std::size_t>(mark)]);
    line_ = start_line_ + mark * kMarkEvery;
    std::string key;
    for (std::int64_t skipped = mark * kMarkEvery; skipped < row; ++skipped) next_row(key, nullptr);
    std::vector<float> numbers(static_cast<std::size_t>(cols_));
    for (; row * cols_ < first + count; ++row) {
      if (!next_row(key, numbers.data())) refuse(fmt::format("it ends at vector {}", row));
      const std::int64_t begin = std::max<std::int64_t>(0, first - row * cols_);
      const std::int64_t end = std::min(cols_, first + count - row * cols_);
      sink(row * cols_ + begin, {reinterpret_cast<const char*>(numbers.data() + begin),
                                 static_cast<std::size_t>(end - begin) * sizeof(float)});
    }
  }

  bool binary_;
  LineFile lines_;
  char separator_ = ' ';
  std::int64_t cols_ = 0;
  std::int64_t line_ = 0;  ///< of the line, or the vector, that was read last
  std::int64_t start_line_ = 0;
  TokenList tokens_;
  std::vector<std::uint64_t> marks_;
  std::string text_;
  std::string unquoted_;
  VectorLine cut_;
};

}  // namespace

std::unique_ptr<TensorFile> open_word_vectors(const std::string& path, std::string_view format) {
  return std::make_unique<WordVectors>(path, format);
}

std::string_view sniff_word_vectors(const std::string& path) {
  LineFile lines(path);
  std::string first;
  std::string second;
  if (!lines.next(first, kMostSniffed)) return {};
  const bool has_second = lines.next(second, kMostSniffed);
  if (const auto heading = parse_heading(first)) {
    // The second line of the text format is a key and as many numbers; bytes of numbers hardly ever look like that.
    const bool fits = static_cast<std::uint64_t>(heading->cols) <= lines.file().size();
    if (heading->rows == 0 || (fits && is_vector(second, ' ', static_cast<std::size_t>(heading->cols))))
      return "word2vec";
    // Two numbers may also be a vector of width one.
    if (!has_second || !is_vector(second, ' ', 1)) return "word2vec-bin";
  }
  if (csv_separator(first, second) != '\0') return "csv";
  return is_vector(first, ' ', 0) ? "glove" : "";
}

}  // namespace kin::internal
