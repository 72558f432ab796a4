#include "kinspace/data/read_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/data/packing_testing.h"
#include "kinspace/data/temporary_file.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refused(ErrorCode code, const std::string& path, const std::string& key, const std::string& label,
                    const KeyList& wanted) {
  try {
    read_names(path, key, label, wanted);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message() + " | " + error.fix();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(ReadNames, FindsTheLabelsOfIntegerKeys) {
  const TemporaryFile file(
      "movieId,title,genre\n3,\"American President, The\",x\n1,Toy Story,y\n9,,z\n,nothing,z\n1,Second,y\n");
  EXPECT_THAT(read_names(file.path(), "movieId", "title", KeyList(std::vector<std::int64_t>{1, 2, 3, 9})),
              ElementsAre("Toy Story", "", "American President, The", ""));
}

TEST(ReadNames, TakesKeysWithTheTypeOfTheVocabulary) {
  const TemporaryFile file("id,name\n007,Bond\n7,Seven\n");
  EXPECT_THAT(read_names(file.path(), "id", "name", KeyList(std::vector<std::int64_t>{7})), ElementsAre("Bond"));
  EXPECT_THAT(read_names(file.path(), "id", "name", KeyList(std::vector<std::string>{"7", "007"})),
              ElementsAre("Seven", "Bond"));
}

TEST(ReadNames, LabelsAreTakenAsTheyAreWritten) {
  const TemporaryFile file("id\tname\n1\t007\n2\t1e400\n3\tnan\n", ".tsv");
  EXPECT_THAT(read_names(file.path(), "id", "name", KeyList(std::vector<std::int64_t>{1, 2, 3})),
              ElementsAre("007", "1e400", "nan"));
}

TEST(ReadNames, ReadsOtherKindsOfFiles) {
  const TemporaryFile packed(gzip("id;name\n1;a, b\n2;c\n"), ".csv.gz");
  EXPECT_THAT(read_names(packed.path(), "id", "name", KeyList(std::vector<std::int64_t>{2, 1})),
              ElementsAre("c", "a, b"));
  const TemporaryFile json("{\"id\": \"1\", \"name\": \"a\"}\n{\"id\": 2, \"name\": 7}\n", ".jsonl");
  EXPECT_THAT(read_names(json.path(), "id", "name", KeyList(std::vector<std::int64_t>{1, 2})), ElementsAre("a", "7"));
}

TEST(ReadNames, TheFirstRowWithALabelCounts) {
  const TemporaryFile file("id,name\n1,\n1,a\n1,b\n");
  EXPECT_THAT(read_names(file.path(), "id", "name", KeyList(std::vector<std::int64_t>{1})), ElementsAre("a"));
}

TEST(ReadNames, ExplainsWhatIsWrong) {
  const TemporaryFile file("movieId,title\n1,x\n2,y\n");
  const KeyList wanted(std::vector<std::int64_t>{5, 6});
  EXPECT_THAT(refused(ErrorCode::kBadData, file.path(), "movieId", "title", wanted),
              HasSubstr("holds none of the 2 keys, such as '5'"));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, file.path(), "movieid", "title", wanted),
              HasSubstr("did you mean 'movieId'?"));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, file.path(), "movieId", "titel", wanted),
              HasSubstr("did you mean 'title'?"));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, file.path(), "title", "title", wanted), HasSubstr("both 'title'"));
  EXPECT_THAT(refused(ErrorCode::kBadData, file.path(), "title", "movieId", wanted),
              HasSubstr("line 2, column 'title': 'x' is not an integer"));
  EXPECT_THAT(refused(ErrorCode::kIo, "/nowhere/names.csv", "a", "b", wanted), HasSubstr("/nowhere/names.csv"));
}

}  // namespace
}  // namespace kin
