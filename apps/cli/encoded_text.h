#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kinspace/features/encoder.h"

namespace kin::cli {

/// Writes rows of encoded batches as text.
///
///   jsonl   {"genres":{"ids":[3,7]},"age":[0.5]}: ids with "weights" where the column has any, and sequences with
///   their
///           "positions" and "length"; dense columns as their numbers, sequences of them as a list a step
///   csv     under a header: ids with | between, id:weight where weighted; dense columns as a field a number
///
/// A number that is not finite is null.
class EncodedText {
 public:
  /// `infos` is borrowed; `chosen` are the places of the columns to write.
  EncodedText(const std::vector<EncodedInfo>& infos, std::vector<std::size_t> chosen, bool csv);

  /// The first line of csv.
  std::string header() const;

  /// Appends the rows of a batch to `out`.
  void rows(const EncodedBatch& batch, std::string& out) const;

 private:
  void json_row(const EncodedBatch& batch, std::size_t r, std::string& out) const;
  void csv_row(const EncodedBatch& batch, std::size_t r, std::string& out) const;

  const std::vector<EncodedInfo>& infos_;
  std::vector<std::size_t> chosen_;
  std::vector<std::string> names_;  ///< as JSON, parallel to chosen_
  bool csv_;
};

}  // namespace kin::cli
