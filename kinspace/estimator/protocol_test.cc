#include "kinspace/estimator/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kinspace/base/error.h"
#include "kinspace/estimator/histories_fixture.h"

namespace kin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::uint32_t> counting(std::uint32_t first, std::size_t n) {
  std::vector<std::uint32_t> items(n);
  std::iota(items.begin(), items.end(), first);
  return items;
}

std::vector<std::uint32_t> list(std::span<const std::uint32_t> items) {
  return {items.begin(), items.end()};
}

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    return e.message();
  }
  return "no error";
}

constexpr Protocol kNextItem{.kind = ProtocolKind::kNextItem};

TEST(NextItem, TrainsOnAllButTheLastTwoAndAsksForThem) {
  const Histories histories = test::make_histories({{4, 2, 0, 1}, {3, 0, 2}}, 5);
  const TrainingPart training = training_part(histories, kNextItem, {});
  EXPECT_THAT(training.lengths, ElementsAre(2, 1));
  EXPECT_THAT(training.item_events, ElementsAre(0, 0, 1, 1, 1));
  EXPECT_EQ(training.groups, 2);
  EXPECT_EQ(training.events, 3);
  EXPECT_EQ(training.catalogue, 3);
  EXPECT_TRUE(training.in_catalogue(4));
  EXPECT_FALSE(training.in_catalogue(0));

  const std::vector<Case> valid = make_cases(histories, kNextItem, {}, Part::kValid);
  ASSERT_EQ(valid.size(), 2U);
  EXPECT_EQ(valid[1].group, 1);
  EXPECT_THAT(list(valid[0].context), ElementsAre(4, 2));
  EXPECT_THAT(list(valid[0].targets), ElementsAre(0));
  const std::vector<Case> tests = make_cases(histories, kNextItem, {}, Part::kTest);
  ASSERT_EQ(tests.size(), 2U);
  EXPECT_THAT(list(tests[0].context), ElementsAre(4, 2, 0));
  EXPECT_THAT(list(tests[0].targets), ElementsAre(1));
}

TEST(NextItem, LeavesOutGroupsWithFewerThanThreeEvents) {
  const Histories histories = test::make_histories({{0, 1}, {}, {2}, {0, 1, 2}}, 3);
  const TrainingPart training = training_part(histories, kNextItem, {});
  EXPECT_THAT(training.lengths, ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(training.groups, 1);
  const std::vector<Case> cases = make_cases(histories, kNextItem, {}, Part::kTest);
  ASSERT_EQ(cases.size(), 1U);
  EXPECT_EQ(cases[0].group, 3);
}

TEST(NextItem, HoldsOutAsManyLastEventsAsAsked) {
  const Histories histories = test::make_histories({{0, 1, 2, 3, 4, 5}, {0, 1, 2}}, 6);
  const Protocol protocol{.kind = ProtocolKind::kNextItem, .last = {.valid = 0, .test = 3}};
  EXPECT_THAT(training_part(histories, protocol, {}).lengths, ElementsAre(3, 0));
  const std::vector<Case> cases = make_cases(histories, protocol, {}, Part::kTest);
  ASSERT_EQ(cases.size(), 1U);
  EXPECT_THAT(list(cases[0].context), ElementsAre(0, 1, 2));
  EXPECT_THAT(list(cases[0].targets), ElementsAre(3, 4, 5));
  EXPECT_TRUE(make_cases(histories, protocol, {}, Part::kValid).empty());
}

TEST(NextItem, RefusesAGroupThatIsHeldOut) {
  const Histories histories = test::make_histories({{0, 1, 2}, {0, 1, 2}}, 3);
  const std::vector<Part> parts = {Part::kTrain, Part::kTest};
  EXPECT_THAT(message_of([&] { training_part(histories, kNextItem, parts); }), HasSubstr("holds out group 1"));
}

TEST(Window, CutsHeldOutHistoriesIntoWindowsThatDoNotOverlap) {
  const Histories histories = test::make_histories({counting(0, 29), counting(5, 23), counting(0, 20)}, 40);
  const std::vector<Part> parts = {Part::kTest, Part::kTrain, Part::kValid};
  const Protocol protocol{.kind = ProtocolKind::kWindow};
  const TrainingPart training = training_part(histories, protocol, parts);
  EXPECT_THAT(training.lengths, ElementsAre(0, 23, 0));
  EXPECT_EQ(training.catalogue, 23);

  const std::vector<Case> cases = make_cases(histories, protocol, parts, Part::kTest);
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(list(cases[0].context), counting(0, 3));
  EXPECT_EQ(list(cases[0].targets), counting(3, 7));
  EXPECT_EQ(list(cases[1].context), counting(10, 3));
  EXPECT_EQ(list(cases[1].targets), counting(13, 7));
  EXPECT_EQ(make_cases(histories, protocol, parts, Part::kValid).size(), 2U);
}

TEST(Window, TakesAnyNumberInAndOut) {
  const Histories histories = test::make_histories({counting(0, 25)}, 25);
  const std::vector<Part> parts = {Part::kTest};
  const Protocol protocol{.kind = ProtocolKind::kWindow, .context = 5, .predict = 1};
  const std::vector<Case> cases = make_cases(histories, protocol, parts, Part::kTest);
  ASSERT_EQ(cases.size(), 4U);
  EXPECT_EQ(list(cases[3].context), counting(18, 5));
  EXPECT_THAT(list(cases[3].targets), ElementsAre(23));
  const Protocol longer{.kind = ProtocolKind::kWindow, .context = 20, .predict = 6};
  EXPECT_TRUE(make_cases(histories, longer, parts, Part::kTest).empty());
}

TEST(WindowLong, AsksForTheEventsAfterTheFirstHalf) {
  const Histories histories = test::make_histories({counting(0, 21)}, 21);
  const std::vector<Part> parts = {Part::kValid};
  const Protocol protocol{.kind = ProtocolKind::kWindowLong};
  const std::vector<Case> cases = make_cases(histories, protocol, parts, Part::kValid);
  ASSERT_EQ(cases.size(), 1U);
  EXPECT_EQ(list(cases[0].context), counting(0, 10));
  EXPECT_EQ(list(cases[0].targets), counting(10, 7));
  const Protocol many{.kind = ProtocolKind::kWindowLong, .predict = 50};
  EXPECT_EQ(list(make_cases(histories, many, parts, Part::kValid)[0].targets), counting(10, 11));
}

TEST(FoldIn, AsksForTheLastFifth) {
  const Histories histories = test::make_histories({counting(0, 24)}, 24);
  const std::vector<Part> parts = {Part::kTest};
  const std::vector<Case> cases = make_cases(histories, {.kind = ProtocolKind::kFoldIn}, parts, Part::kTest);
  ASSERT_EQ(cases.size(), 1U);
  EXPECT_EQ(list(cases[0].context), counting(0, 19));
  EXPECT_EQ(list(cases[0].targets), counting(19, 5));
}

TEST(HeldOutGroups, ShorterThanTwentyGiveNoCaseAndTrainWhereTheyTrain) {
  const Histories histories = test::make_histories({counting(0, 19), counting(0, 19), counting(0, 20)}, 20);
  const std::vector<Part> parts = {Part::kTrain, Part::kTest, Part::kTest};
  for (const ProtocolKind kind : {ProtocolKind::kWindow, ProtocolKind::kWindowLong, ProtocolKind::kFoldIn}) {
    EXPECT_EQ(training_part(histories, {.kind = kind}, parts).events, 19);
    const std::vector<Case> cases = make_cases(histories, {.kind = kind}, parts, Part::kTest);
    ASSERT_FALSE(cases.empty());
    for (const Case& one : cases) EXPECT_EQ(one.group, 2);
  }
  const Protocol shorter{.kind = ProtocolKind::kWindow, .min_events = 10};
  EXPECT_EQ(make_cases(histories, shorter, parts, Part::kTest)[0].group, 1);
}

TEST(HeldOutGroups, NeverGiveACaseWithoutContextOrTarget) {
  const Histories histories = test::make_histories({{}, {0}, {0, 1}}, 2);
  const std::vector<Part> parts(3, Part::kTest);
  for (const ProtocolKind kind : {ProtocolKind::kWindowLong, ProtocolKind::kFoldIn}) {
    const std::vector<Case> cases = make_cases(histories, {.kind = kind, .min_events = 0}, parts, Part::kTest);
    ASSERT_EQ(cases.size(), 1U);
    EXPECT_THAT(list(cases[0].context), ElementsAre(0));
    EXPECT_THAT(list(cases[0].targets), ElementsAre(1));
  }
}

TEST(ProtocolOptions, OutOfRangeAreRefusedByName) {
  const Histories histories = test::make_histories({{0}}, 1);
  const std::vector<Part> parts = {Part::kTest};
  EXPECT_THAT(message_of([&] { training_part(histories, {.context = 0}, parts); }), HasSubstr("context = 0"));
  EXPECT_THAT(message_of([&] { make_cases(histories, {.predict = 1001}, parts, Part::kTest); }),
              HasSubstr("predict = 1001"));
}

TEST(ParseProtocol, ReadsWhatProtocolNameWrites) {
  for (const char* name : {"next-item", "window", "window-long", "fold-in"}) {
    EXPECT_EQ(protocol_name(parse_protocol(name)), name);
  }
  EXPECT_EQ(message_of([] { parse_protocol("next_item"); }),
            "there is no protocol 'next_item', did you mean 'next-item'?");
}

TEST(DemoCases, AreThoseOfTheProtocolPage) {
  const std::optional<Histories> histories = test::demo_histories();
  if (!histories) GTEST_SKIP() << "no " << test::demo_path() << ": make demo, or set KIN_DEMO_DATA";

  EXPECT_EQ(make_cases(*histories, kNextItem, {}, Part::kTest).size(), 671U);
  const std::vector<Case> valid = make_cases(*histories, kNextItem, {}, Part::kValid);
  const TrainingPart training = training_part(*histories, kNextItem, {});
  const auto reachable =
      std::count_if(valid.begin(), valid.end(), [&](const Case& one) { return training.in_catalogue(one.targets[0]); });
  EXPECT_EQ(training.catalogue, 9011);
  EXPECT_EQ(valid.size(), 671U);
  EXPECT_EQ(reachable, 651);  // .9702
  const std::size_t windows[] = {1182, 872, 656, 915, 704};
  const std::size_t users[] = {83, 68, 61, 69, 53};
  const std::size_t fold_in_targets[] = {2466, 1825, 1387, 1911, 1468};
  const std::int64_t catalogues[] = {8256, 8576, 8734, 7595, 8831};
  for (std::int64_t s = 0; s < 5; ++s) {
    const std::vector<Part> parts = test::fold_parts(*histories, s);
    const auto cases = [&](ProtocolKind kind) { return make_cases(*histories, {.kind = kind}, parts, Part::kTest); };
    EXPECT_EQ(training_part(*histories, {}, parts).catalogue, catalogues[s]);
    EXPECT_EQ(cases(ProtocolKind::kWindow).size(), windows[s]);
    EXPECT_EQ(cases(ProtocolKind::kWindowLong).size(), users[s]);
    EXPECT_EQ(cases(ProtocolKind::kFoldIn).size(), users[s]);
    std::size_t targets = 0;
    for (const Case& one : cases(ProtocolKind::kFoldIn)) targets += one.targets.size();
    EXPECT_EQ(targets, fold_in_targets[s]);
  }
}

}  // namespace
}  // namespace kin
