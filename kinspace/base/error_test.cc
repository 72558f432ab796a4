#include "kinspace/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kin {
namespace {

TEST(Error, CarriesMessageFixAndCode) {
  const Error e = Error::bad_data("ratings.csv line 3: 'x' is no number", "correct the line");
  EXPECT_EQ(e.code(), ErrorCode::kBadData);
  EXPECT_STREQ(e.what(), "ratings.csv line 3: 'x' is no number");
  EXPECT_EQ(e.message(), e.what());
  EXPECT_EQ(e.fix(), "correct the line");
  EXPECT_EQ(Error::io("disk full").fix(), "");
}

TEST(Error, EveryCodeHasItsExitStatusNameAndMaker) {
  struct Row {
    Error error;
    ErrorCode code;
    int status;
    std::string name;
  };
  const std::vector<Row> rows = {
      {Error::not_found("m"), ErrorCode::kNotFound, 1, "not_found"},
      {Error::invalid_argument("m"), ErrorCode::kInvalidArgument, 2, "invalid_argument"},
      {Error::bad_data("m"), ErrorCode::kBadData, 3, "bad_data"},
      {Error::corruption("m"), ErrorCode::kCorruption, 4, "corruption"},
      {Error::not_supported("m"), ErrorCode::kNotSupported, 4, "not_supported"},
      {Error::io("m"), ErrorCode::kIo, 5, "io"},
      {Error::resource_limit("m"), ErrorCode::kResourceLimit, 6, "resource_limit"},
      {Error::diverged("m"), ErrorCode::kDiverged, 7, "diverged"},
      {Error::cancelled("m"), ErrorCode::kCancelled, 130, "cancelled"},
      {Error::internal("m"), ErrorCode::kInternal, 70, "internal"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.error.code(), row.code) << row.name;
    EXPECT_EQ(exit_status(row.code), row.status) << row.name;
    EXPECT_EQ(error_name(row.code), row.name);
  }
}

TEST(Assert, ThrowsAnInternalErrorThatShowsTheExpressionAndItsPlace) {
  const int three = 3;
  EXPECT_NO_THROW(KIN_ASSERT(three == 3));
  try {
    KIN_ASSERT(three == 4);
    ADD_FAILURE() << "the invariant does not hold";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
    EXPECT_NE(e.message().find("three == 4"), std::string::npos) << e.message();
    EXPECT_NE(e.message().find("error_test.cc:"), std::string::npos) << e.message();
  }
}

}  // namespace
}  // namespace kin
