#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/base/file.h"

namespace kin {

/// A row that a reader could not take.
struct BadRow {
  std::string place;     ///< "ratings.csv:17" or "ratings.csv:17, column rating"
  std::string message;   ///< what came and what is needed
  std::string fix = {};  ///< what to do, may be empty
};

/// What happens with rows that cannot be read (data.on_bad): the first is an error, or they are left out and counted.
class BadRows {
 public:
  enum class Policy : std::uint8_t {
    kError,   ///< the first one is an error
    kSkip,    ///< left out and counted
    kReport,  ///< as kSkip, and the first of them are to be shown
  };
  static constexpr std::size_t kShown = 5;  ///< as many are kept

  BadRows() = default;

  /// max_share: of all rows, above which finish() refuses; 1: no limit. `rejects`: file that takes the rows, each as it
  /// stands, on a line of its own; it appears with finish(), empty where no row was bad. Empty: none.
  BadRows(Policy policy, double max_share, std::string rejects);

  /// Notes a bad row; `raw` is its text. Errors   kBadData under kError; kIo.
  void add(BadRow row, std::string_view raw);

  /// At the end of a table of `rows` good rows.
  /// Errors   kBadData with the first bad rows when they are too many, or all; kIo.
  void finish(std::int64_t rows, const std::string& table);

  /// Forgets all, for another start().
  void restart();

  Policy policy() const noexcept { return policy_; }
  std::int64_t count() const noexcept { return count_; }
  const std::vector<BadRow>& shown() const noexcept { return shown_; }  ///< the first ones

 private:
  Policy policy_ = Policy::kError;
  double max_share_ = 1;
  std::string rejects_path_;
  std::shared_ptr<AtomicFile> rejects_;
  std::int64_t count_ = 0;
  std::vector<BadRow> shown_;
};

/// "error", "skip" or "report". Errors   kInvalidArgument.
BadRows::Policy parse_bad_rows_policy(const std::string& text);

/// "0.1%" or "0.001" as a share. Errors   kInvalidArgument.
double parse_share(const std::string& text);

}  // namespace kin
