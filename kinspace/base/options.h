#pragma once

#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace kin {

// An options struct is a plain aggregate. Beside it stands one overload
//
//   template <class Visitor>
//   void describe(HnswOptions& o, Visitor& v) {
//     v.option("M", o.M, "links per node", at_least(2));
//   }
//
// that names each member once, in the order of the struct, with its help and the values it may take. A member that is
// itself an options struct is named in the same way; `v.shorthand("M")` says that a value alone, where the struct is
// expected, stands for one with that member. Reading, printing, checking and documenting settings are visitors.

/// The values that an option may take, beyond what its type says; by default all. Numbers that are not finite never
/// belong to it. For a list it speaks of every element.
struct Allowed {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_itself = true;            ///< `low` may be taken
  bool high_itself = true;           ///< `high` may be taken
  std::vector<std::string> words{};  ///< the only strings that may be taken; none: any string

  /// Whether a number may be taken.
  bool admits(double value) const noexcept {
    const double infinity = std::numeric_limits<double>::infinity();
    return value > -infinity && value < infinity && (low_itself ? value >= low : value > low) &&
           (high_itself ? value <= high : value < high);
  }
};

inline Allowed at_least(double low) {
  return {.low = low};
}
inline Allowed above(double low) {
  return {.low = low, .low_itself = false};
}
inline Allowed within(double low, double high) {
  return {.low = low, .high = high};
}
inline Allowed from_to_below(double low, double high) {
  return {.low = low, .high = high, .high_itself = false};
}
inline Allowed one_of(std::initializer_list<const char*> words) {
  return {.words = {words.begin(), words.end()}};
}

}  // namespace kin
