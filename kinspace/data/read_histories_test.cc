#include "kinspace/data/read_histories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/random.h"
#include "kinspace/data/packing_testing.h"
#include "kinspace/data/split.h"
#include "kinspace/data/temporary_file.h"

namespace kin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DataOptions table(const TemporaryFile& file, std::vector<std::string> order_by = {}, std::string where = "") {
  DataOptions data;
  data.path = {file.path()};
  data.group_by = "user";
  data.order_by = std::move(order_by);
  data.where = std::move(where);
  return data;
}

LoadedHistories load(const DataOptions& data, HistoriesRequest request = {}, int threads = 1) {
  ThreadPool pool(threads);
  if (request.item.empty()) request.item = "item";
  return read_histories(data, request, pool);
}

// "key: item item ..." of each group.
std::vector<std::string> text_of(const Histories& h) {
  std::vector<std::string> lines;
  for (std::int64_t g = 0; g < h.group_count(); ++g) {
    std::string line = h.groups.text(g) + ":";
    for (const std::uint32_t item : h.group(g)) line += " " + h.item_keys.text(item);
    lines.push_back(line);
  }
  return lines;
}

std::string refused(ErrorCode code, const DataOptions& data, HistoriesRequest request = {}) {
  try {
    load(data, std::move(request));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message() + " | " + error.fix();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(ReadHistories, SortsGroupsByKeyAndEventsByTimeThenRow) {
  const TemporaryFile file(
      "user,item,time\n"
      "10,5,3\n"
      "9,7,1\n"
      "10,5,1\n"
      "10,-2,2\n"
      "9,100,1\n"
      "10,100,1\n");
  const LoadedHistories loaded = load(table(file, {"time"}));
  EXPECT_THAT(text_of(loaded.histories), ElementsAre("9: 7 100", "10: 5 100 -2 5"));
  EXPECT_THAT(loaded.histories.offsets, ElementsAre(0, 2, 6));
  EXPECT_THAT(std::vector<std::uint32_t>(loaded.histories.group(1).begin(), loaded.histories.group(1).end()),
              ElementsAre(1, 3, 0, 1));
  EXPECT_EQ(loaded.rows, 6);
  EXPECT_EQ(loaded.kept_rows, 6);
  EXPECT_EQ(loaded.longest_group, 4);
  EXPECT_EQ(loaded.short_groups, 0);
  EXPECT_EQ(loaded.file_bytes, file_size(file.path()));
  EXPECT_EQ(loaded.digest, checksum_hex(read_file(file.path(), 1000)));
}

TEST(ReadHistories, KeepsTheOrderOfRowsWithoutOrderBy) {
  const TemporaryFile file("user,item\nb,z\na,y\nb,x\nb,z\n");
  EXPECT_THAT(text_of(load(table(file)).histories), ElementsAre("a: y", "b: z x z"));
}

TEST(ReadHistories, OrdersByTheItemToo) {
  const TemporaryFile file("user,item,time\n1,30,5\n1,4,5\n1,9,1\n1,7,5\n");
  EXPECT_THAT(text_of(load(table(file, {"time", "item"})).histories), ElementsAre("1: 9 4 7 30"));
  EXPECT_THAT(text_of(load(table(file, {"item"})).histories), ElementsAre("1: 4 7 9 30"));
  EXPECT_THAT(text_of(load(table(file, {"user", "time", "item", "time"})).histories), ElementsAre("1: 9 4 7 30"));
}

TEST(ReadHistories, OrdersByNumbersStringsAndWideRanges) {
  const TemporaryFile file(
      "user,item,number,date,wide\n"
      "1,1,0.5,2001-02-01,9223372036854775807\n"
      "1,2,-0.0,2001-01-01,-9223372036854775808\n"
      "1,3,0,1999-12-31,5\n"
      "1,4,-1e300,2001-01-01,4\n");
  EXPECT_THAT(text_of(load(table(file, {"number"})).histories), ElementsAre("1: 4 2 3 1"));
  EXPECT_THAT(text_of(load(table(file, {"date"})).histories), ElementsAre("1: 3 2 4 1"));
  EXPECT_THAT(text_of(load(table(file, {"wide"})).histories), ElementsAre("1: 2 4 3 1"));
  EXPECT_THAT(text_of(load(table(file, {"date", "wide"})).histories), ElementsAre("1: 3 2 4 1"));
  EXPECT_THAT(text_of(load(table(file, {"date", "number"})).histories), ElementsAre("1: 3 4 2 1"));
}

TEST(ReadHistories, RangesAtTheEdgeOf32BitsSortRight) {
  for (const std::int64_t span : {0xFFFFFFFFLL, 0x100000000LL}) {
    const TemporaryFile file("user,item,time\n1,1," + std::to_string(span - 7) + "\n1,2,-7\n1,3," +
                             std::to_string(span - 8) + "\n");
    EXPECT_THAT(text_of(load(table(file, {"time"})).histories), ElementsAre("1: 2 3 1")) << span;
  }
}

TEST(ReadHistories, KeepsTheRowsOfTheCondition) {
  const TemporaryFile file("user,item,rating\n1,1,5\n1,2,3\n2,3,1\n1,4,\n3,5,4\n");
  const LoadedHistories loaded = load(table(file, {}, "rating >= 4"));
  EXPECT_THAT(text_of(loaded.histories), ElementsAre("1: 1", "3: 5"));
  EXPECT_EQ(loaded.histories.item_count(), 2);
  EXPECT_EQ(loaded.rows, 5);
  EXPECT_EQ(loaded.kept_rows, 2);
  EXPECT_EQ(loaded.short_groups, 2);
}

TEST(ReadHistories, SplitNumbersAreThoseOfTheGroupKeys) {
  const TemporaryFile integers("user,item\n7,1\n-3,1\n");
  EXPECT_THAT(load(table(integers)).split_numbers, ElementsAre(static_cast<std::uint64_t>(-3), 7));
  const TemporaryFile strings("user,item\nb,1\na,1\n");
  EXPECT_THAT(load(table(strings)).split_numbers, ElementsAre(fnv1a64("a"), fnv1a64("b")));
}

TEST(ReadHistories, ReadsAColumnThatDecidesTheSplit) {
  const TemporaryFile file("user,item,city\n2,1,Rome\n1,1,Oslo\n2,2,Rome\n");
  EXPECT_THAT(load(table(file), {.split_column = "city"}).split_numbers, ElementsAre(fnv1a64("Oslo"), fnv1a64("Rome")));
  EXPECT_THAT(load(table(file), {.split_column = "user"}).split_numbers, ElementsAre(1, 2));
  const TemporaryFile changing("user,item,city\n2,1,Rome\n1,1,Oslo\n2,2,Oslo\n");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(changing), {.split_column = "city"}),
              AllOf(HasSubstr(":4: the group user = '2' has another value of 'city'")));
}

TEST(ReadHistories, AgreesWithASlowReferenceAtAnyBlockSizeAndNumberOfThreads) {
  RandomStream random(13, Purpose::kInit, 0, 0);
  for (int round = 0; round < 30; ++round) {
    std::string text = "x,time,item,user\n";
    std::map<std::int64_t, std::vector<std::tuple<std::int64_t, std::int64_t, std::size_t>>> want;
    const std::uint64_t rows = 1 + random.below(3000);
    const std::uint64_t users = 1 + random.below(round % 2 == 0 ? 5 : 2000);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto user = static_cast<std::int64_t>(random.below(users)) - 3;
      const auto item = static_cast<std::int64_t>(random.below(50)) * 1000;
      const auto time = static_cast<std::int64_t>(random.below(20));
      const bool kept = random.below(10) != 0;
      text +=
          (kept ? "1," : ",") + std::to_string(time) + "," + std::to_string(item) + "," + std::to_string(user) + "\n";
      if (kept) want[user].emplace_back(time, item, row);
    }
    if (want.empty()) continue;
    std::vector<std::string> lines;
    for (auto& [user, events] : want) {
      std::sort(events.begin(), events.end());
      std::string& line = lines.emplace_back(std::to_string(user) + ":");
      for (const auto& [time, item, row] : events) line += " " + std::to_string(item);
    }
    const TemporaryFile file(text);
    HistoriesRequest request;
    request.table.limits.block_bytes = round % 3 == 0 ? 1 << 20 : 16 + random.below(500);
    for (const int threads : {1, 3}) {
      EXPECT_EQ(text_of(load(table(file, {"time", "item"}, "x is not missing"), request, threads).histories), lines);
    }
  }
}

TEST(ReadHistories, NamesMissingColumns) {
  const TemporaryFile file("userId,item,time\n1,2,3\n");
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, table(file)), HasSubstr("data.group_by"));
  DataOptions data = table(file);
  data.group_by = "userid";
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data),
              HasSubstr("no column 'userid', did you mean 'userId'? Its columns are: userId, item, time"));
  data.group_by = "userId";
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data, {.item = "movie"}), HasSubstr("the item column"));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data, {.item = "userId"}), HasSubstr("both 'userId'"));
  data.order_by = {"timestamp"};
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("data.order_by"));
  data.order_by = {};
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data, {.split_column = "city"}), HasSubstr("split.column"));
  data.where = "itm = 3";
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("data.where, column 1"));
  data.where = "";
  data.types = {{"item", "integr"}};
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("did you mean 'integer'?"));
  data.types = {};
  data.separator = "\n";
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("data.separator"));
  data.path = {};
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("data.path"));
  data = table(file);
  data.group_by = "";
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("data.group_by is missing"));
}

TEST(ReadHistories, KeysAreIntegersOrStrings) {
  const TemporaryFile file("user,item\n1.5,2\n2.5,2\n");
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, table(file)),
              AllOf(HasSubstr("data.group_by: column 'user'"), HasSubstr("holds numbers such as '1.5' on line 2"),
                    HasSubstr("data.types.user = \"string\"")));
  DataOptions data = table(file);
  data.types = {{"user", "string"}};
  EXPECT_THAT(text_of(load(data).histories), ElementsAre("1.5: 2", "2.5: 2"));
}

TEST(ReadHistories, EveryKeptRowNeedsItsKeys) {
  const TemporaryFile file("user,item,time\n1,2,3\n1,,4\n");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(file)),
              AllOf(HasSubstr(":3, column 'item': the cell is empty"), HasSubstr("`item` is not missing")));
  EXPECT_EQ(load(table(file, {}, "`item` is not missing")).kept_rows, 1);
  const TemporaryFile no_user("user,item\n1,2\n,3\n");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(no_user)),
              HasSubstr(":3, column 'user': the cell is empty; data.group_by"));
  const TemporaryFile no_time("user,item,time\n1,2,\n1,3,4\n");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(no_time, {"time"})),
              HasSubstr(":2, column 'time': the cell is empty; data.order_by"));
  EXPECT_EQ(load(table(no_time)).kept_rows, 2);
}

TEST(ReadHistories, ReportsWhenNothingIsLeft) {
  const TemporaryFile file("user,item\n1,2\n1,3\n");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(file, {}, "item > 10")),
              HasSubstr("data.where = 'item > 10' keeps none of the 2 rows of"));
}

TEST(ReadHistories, ReportsBadCellsFarBehindTheGuess) {
  std::string text = "user,item\n";
  for (int i = 0; i < 3000; ++i) text += "1,2\n";
  const TemporaryFile file(text + "1,x\n");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(file)), HasSubstr("line 3002, column 'item': 'x' is not an integer"));
}

TEST(ReadHistories, RefusesAMissingFile) {
  DataOptions data;
  data.group_by = "user";
  data.path = {"/nowhere/x.csv"};
  EXPECT_THAT(refused(ErrorCode::kIo, data), HasSubstr("/nowhere/x.csv"));
}

TEST(ReadHistories, NoticesAFileThatChangesBetweenThePasses) {
  const std::string first = "user,item,time\n1,2,3\n1,3,4\n";
  for (const char* second :
       {"user,item,time\n1,2,3\n1,3,5\n", "user,item,time\n1,2,3\n1,9,4\n", "user,item,time\n1,2,3\n9,3,4\n",
        "user,item,time\n1,2,3\n", "user,item,time\n1,2,3\n1,3,4\n1,2,4\n", "user,item\n1,2\n1,3\n",
        "user,item,time\n1,2,3\n1,3,4\n\n"}) {
    const TemporaryFile file(first);
    HistoriesRequest request;
    bool replaced = false;
    request.progress = [&](const ReadProgress& progress) {
      if (progress.bytes == progress.total_bytes && !replaced) file.write(second);
      replaced = true;
    };
    EXPECT_THAT(refused(ErrorCode::kBadData, table(file, {"time"}), request), HasSubstr("changed while it was read"))
        << second;
  }
}

TEST(ReadHistories, ProgressIsReportedAndMayCancel) {
  const TemporaryFile file("user,item\n1,2\n1,3\n");
  HistoriesRequest request;
  std::vector<int> passes;
  request.progress = [&](const ReadProgress& progress) {
    passes.push_back(progress.pass);
    EXPECT_EQ(progress.total_bytes, 18U);
    EXPECT_LE(progress.bytes, progress.total_bytes);
  };
  load(table(file), request);
  EXPECT_THAT(passes, ElementsAre(1, 2));
  request.progress = [](const ReadProgress&) { throw Error::cancelled("stop"); };
  EXPECT_THAT(refused(ErrorCode::kCancelled, table(file), request), HasSubstr("stop"));
}

TEST(ReadHistories, RefusesToGoOverTheMemoryLimit) {
  std::string text = "user,item,time\n";
  for (int i = 0; i < 20000; ++i) text += std::to_string(i) + "," + std::to_string(i) + ",1\n";
  const TemporaryFile file(text);
  HistoriesRequest request;
  request.table.limits.block_bytes = 1 << 12;
  const LoadedHistories loaded = load(table(file, {"time"}), request);
  request.memory_limit = loaded.peak_bytes;
  EXPECT_EQ(load(table(file, {"time"}), request).kept_rows, 20000);
  request.memory_limit = loaded.peak_bytes - 1;
  EXPECT_THAT(refused(ErrorCode::kResourceLimit, table(file, {"time"}), request),
              AllOf(HasSubstr("20 000 events"), HasSubstr("--memory-limit")));
  request.memory_limit = 100000;
  EXPECT_THAT(refused(ErrorCode::kResourceLimit, table(file, {"time"}), request),
              HasSubstr("the memory limit is 97.7 KiB"));
}

TEST(ReadHistories, HundredMillionInteractionsNeedLessThanOneAndAHalfGigabytes) {
  ReadSize size;
  size.events = 100'000'000;
  size.groups = 650'000;
  size.items = 240'000;
  size.longest_group = 30'000;
  size.threads = 8;
  EXPECT_LT(estimate_read_memory(size), 900'000'000U);
  size.groups = 5'000'000;
  size.items = 2'000'000;
  EXPECT_LT(estimate_read_memory(size), 1'500'000'000U);
  size.order_bytes = 8;
  size.groups = 1'000'000;
  size.items = 500'000;
  EXPECT_LT(estimate_read_memory(size), 1'500'000'000U);
}

TEST(ReadHistories, KindsOfFilesDoNotShow) {
  const std::string csv = "user,item,time\n10,5,3\n9,7,1\n10,5,1\n10,-2,2\n";
  std::string json;
  for (const char* row : {"10,\"item\":5,\"time\":3", "9,\"item\":7,\"time\":1", "10,\"item\":5,\"time\":1",
                          "10,\"item\":-2,\"time\":2"}) {
    json += std::string("{\"user\":") + row + "}\n";
  }
  const std::vector<std::string> want = {"9: 7", "10: 5 -2 5"};
  const std::pair<std::string, std::string> files[] = {
      {csv, ".csv"}, {gzip(csv), ".csv.gz"}, {zstd(csv), ".dat"}, {json, ".jsonl"}, {gzip(json), ".json"}};
  for (const auto& [text, suffix] : files) {
    const TemporaryFile file(text, suffix);
    EXPECT_EQ(text_of(load(table(file, {"time"})).histories), want) << suffix;
  }
  HistoriesRequest request;
  request.table.source = unpacked_source(memory_source("pipe", gzip(csv)));
  DataOptions data;
  data.group_by = "user";
  data.order_by = {"time"};
  EXPECT_EQ(text_of(load(data, request).histories), want);
}

TEST(ReadHistories, ReadsSeveralFilesAsOne) {
  const TemporaryFile a("user,item,time\n10,5,3\n9,7,1\n");
  const TemporaryFile b(gzip("time,user,item\n1,10,5\n2,10,-2\n"));
  DataOptions data = table(a, {"time"});
  data.path.push_back(b.path());
  const LoadedHistories loaded = load(data);
  EXPECT_THAT(text_of(loaded.histories), ElementsAre("9: 7", "10: 5 -2 5"));
  EXPECT_EQ(loaded.rows, 4);
  EXPECT_EQ(loaded.file_bytes, file_size(a.path()) + file_size(b.path()));
}

TEST(ReadHistories, ItemsMayComeInLists) {
  const TemporaryFile lines("9 7 100\n10 5\n8\n10 100 -2 5\n", ".txt");
  DataOptions data = table(lines);
  data.names = {"user", "item..."};
  const LoadedHistories loaded = load(data);
  EXPECT_THAT(text_of(loaded.histories), ElementsAre("9: 7 100", "10: 5 100 -2 5"));
  EXPECT_EQ(loaded.rows, 4);
  EXPECT_EQ(loaded.kept_rows, 6);

  const TemporaryFile json(
      "{\"user\": \"b\", \"item\": [\"x\", null, \"y\"], \"time\": 2}\n{\"user\": \"b\", \"time\": 3}\n"
      "{\"user\": \"b\", \"item\": [\"z\", \"x\"], \"time\": 1}\n{\"user\": \"a\", \"item\": \"z\", \"time\": 1}\n",
      ".jsonl");
  EXPECT_THAT(text_of(load(table(json, {"time"})).histories), ElementsAre("a: z", "b: z x x y"));
  EXPECT_THAT(text_of(load(table(json, {"time", "item"})).histories), ElementsAre("a: z", "b: x z x y"));
  EXPECT_THAT(text_of(load(table(json, {}, "time > 1")).histories), ElementsAre("b: x y"));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, table(json, {}, "item = 'x'")), HasSubstr("holds lists"));
}

TEST(ReadHistories, OnlyItemsMayComeInLists) {
  const TemporaryFile json("{\"user\": 1, \"item\": [1], \"more\": [2]}\n", ".jsonl");
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, table(json, {"more"})), HasSubstr("data.order_by: column 'more'"));
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, table(json), {.split_column = "more"}), HasSubstr("split.column"));
  DataOptions data = table(json);
  data.group_by = "more";
  EXPECT_THAT(refused(ErrorCode::kInvalidArgument, data), HasSubstr("data.group_by: column 'more'"));
  const TemporaryFile empty("{\"user\": 1, \"item\": []}\n", ".jsonl");
  EXPECT_THAT(refused(ErrorCode::kBadData, table(empty)), HasSubstr("have no items"));
}

TEST(ReadHistories, CountsTheBadRowsOnce) {
  const TemporaryFile file("user,item\n1,2\n1\n1,3,4\n1,5\n");
  DataOptions data = table(file);
  data.on_bad = "skip";
  const LoadedHistories loaded = load(data);
  EXPECT_THAT(text_of(loaded.histories), ElementsAre("1: 2 5"));
  EXPECT_EQ(loaded.rows, 2);
  EXPECT_EQ(loaded.bad_rows, 2);
}

TEST(ReadHistories, TheDemoDataAreThoseOfTheProtocols) {
  const char* directory = std::getenv("KIN_DEMO_DATA");
  DataOptions data;
  const std::string path =
      (directory != nullptr ? directory : std::string(KIN_SOURCE_DIR) + "/build/demo") + std::string("/ratings.csv");
  if (!file_exists(path)) GTEST_SKIP() << "no " << path << ": run `make demo`, or set KIN_DEMO_DATA";
  data.path = {path};
  data.group_by = "userId";
  data.order_by = {"timestamp", "movieId"};
  const LoadedHistories loaded = load(data, {.item = "movieId"});
  EXPECT_EQ(loaded.kept_rows, 100004);
  EXPECT_EQ(loaded.histories.group_count(), 671);
  EXPECT_EQ(loaded.histories.item_count(), 9066);
  EXPECT_EQ(loaded.longest_group, 2391);
  std::vector<int> users(10);
  for (const std::uint64_t number : loaded.split_numbers) ++users[mix64(number) % 10];
  EXPECT_THAT(users, ElementsAre(83, 65, 68, 69, 61, 75, 69, 70, 53, 58));
  for (int fold = 0; fold < 5; ++fold) {
    const std::vector<Part> parts = split_by_fold(loaded.split_numbers, 5, fold);
    EXPECT_EQ(std::count(parts.begin(), parts.end(), Part::kTest), users[static_cast<std::size_t>(2 * fold)]);
    EXPECT_EQ(std::count(parts.begin(), parts.end(), Part::kValid), users[static_cast<std::size_t>(2 * fold + 1)]);
  }
}

}  // namespace
}  // namespace kin
