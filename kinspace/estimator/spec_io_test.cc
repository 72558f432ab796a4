#include "kinspace/estimator/spec_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/base/random.h"
#include "kinspace/base/text.h"
#include "kinspace/estimator/spec_options.h"

namespace kin {
namespace {

using testing::HasSubstr;

constexpr const char* kMovies = R"(spec  = 1
data  = { path = "ratings.csv", where = "rating >= 4", group_by = "userId", order_by = "timestamp" }
columns.watched = { kind = "vocabulary", source = "movieId", min_count = 5, embed = { dim = 64, combiner = "sqrtn" } }
model = { kind = "recommender", layers = [256, 64] }
head  = { kind = "softmax", target = "watched", context = 3, predict = 7 }
train = { optimizer = { name = "adam", lr = 0.003 }, batch = 256, epochs = 10, seed = 7 }
split = { by = "group", valid = 0.05, test = 0.05 }
eval  = { protocol = "window", metrics = ["recall@20", "ndcg@20", "coverage"] }
)";

constexpr const char* kLong = R"(# the same job in tables
spec = 1

[data]
path = "ratings.csv"
group_by = "userId"
order_by = ["timestamp", "movieId"]
types = { userId = "string" }

[columns.watched]
source = "movieId"

[columns.watched.embed]
dim = 32

[head]
share = "watched"
negatives = 1000

[train]
early_stop = { metric = "ndcg@20", patience = 3 }
checkpoint.steps = 100
)";

Error error_of(const std::string& text, std::vector<std::string> overrides = {}) {
  try {
    parse_spec(text, "movies.toml", overrides);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "accepted:\n" << text;
  return Error::internal("");
}

/// The example with the first `from` replaced by `to`.
std::string edited(const std::string& from, const std::string& to) {
  std::string text = kMovies;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ReadSpec, ReadsTheExampleOfTheDesign) {
  const Spec spec = parse_spec(kMovies, "movies.toml");
  EXPECT_EQ(spec.data.path, std::vector<std::string>{"ratings.csv"});
  EXPECT_EQ(spec.data.where, "rating >= 4");
  EXPECT_EQ(spec.data.order_by, std::vector<std::string>{"timestamp"});
  const VocabularyColumn& watched = target_column(spec);
  EXPECT_EQ(watched.source, "movieId");
  EXPECT_EQ(watched.min_count, 5);
  EXPECT_EQ(watched.embed.dim, 64);
  EXPECT_EQ(spec.model.layers, (std::vector<std::int64_t>{256, 64}));
  EXPECT_EQ(spec.head.context, 3);
  EXPECT_EQ(spec.head.predict, 7);
  EXPECT_EQ(spec.train.optimizer.name, "adam");
  EXPECT_EQ(spec.train.optimizer.lr, 0.003F);
  EXPECT_EQ(spec.train.seed, 7U);
  EXPECT_EQ(spec.split.test, 0.05);
  EXPECT_EQ(spec.eval.metrics, (std::vector<std::string>{"recall@20", "ndcg@20", "coverage@20"}));
  EXPECT_EQ(spec.train.early_stop.metric, "recall@20");
}

TEST(ReadSpec, ReadsTablesAndDottedKeysAlike) {
  const Spec spec = parse_spec(kLong, "movies.toml");
  EXPECT_EQ(spec.data.order_by, (std::vector<std::string>{"timestamp", "movieId"}));
  EXPECT_EQ(spec.data.types.at("userId"), "string");
  EXPECT_EQ(target_column(spec).embed.dim, 32);
  EXPECT_EQ(spec.head.target, "watched");
  EXPECT_EQ(spec.train.early_stop.metric, "ndcg@20");
  EXPECT_EQ(spec.train.early_stop.patience, 3);
  EXPECT_EQ(spec.train.checkpoint.steps, 100);
}

TEST(ReadSpec, TakesAWordForAColumnOfTheSameName) {
  const Spec spec =
      parse_spec("spec = 1\ndata = { path = 'a.csv', group_by = 'u' }\ncolumns.movieId = 'vocabulary'\n", "s");
  EXPECT_EQ(target_column(spec).kind, "vocabulary");
  EXPECT_EQ(target_column(spec).source, "movieId");
  EXPECT_EQ(spec.head.target, "movieId");
}

TEST(ReadSpec, GivesEachProtocolItsMetrics) {
  const auto metrics = [](const std::string& protocol, std::vector<std::string> overrides = {}) {
    return parse_spec(edited(R"(protocol = "window", metrics = ["recall@20", "ndcg@20", "coverage"])",
                             "protocol = '" + protocol + "'"),
                      "s", overrides)
        .eval.metrics;
  };
  const std::vector<std::string> last_events = {"split.by=time", "split.valid=1", "split.test=1"};
  EXPECT_EQ(metrics("next-item", last_events),
            (std::vector<std::string>{"hr@10", "ndcg@10", "hr@20", "mrr", "coverage@10"}));
  EXPECT_EQ(metrics("window"), (std::vector<std::string>{"recall@20", "ndcg@20", "coverage@20"}));
  EXPECT_EQ(metrics("fold-in"), (std::vector<std::string>{"recall@20", "ndcg@100", "coverage@20"}));
}

TEST(ReadSpec, ASchedulePerDefaultDoesNotTouchTensorFlowsFtrl) {
  const std::string rows =
      "spec = 1\ndata = { path = 'rows.csv' }\ncolumns.city = { kind = 'hash', buckets = 9 }\n"
      "model.kind = 'wide_deep'\nhead = { kind = 'binary', target = 'late' }\n";
  const auto schedule = [&](const std::string& train) {
    return parse_spec(rows + train, "rows.toml").train.schedule.kind;
  };
  EXPECT_EQ(schedule("train.optimizer = { name = 'ftrl' }"), "cosine") << "no schedule moves the rate of ours";
  EXPECT_EQ(schedule("train.optimizer = { name = 'ftrl', compat = 'tf1' }"), "constant");
  EXPECT_EQ(schedule("train.optimizers.'linear/*' = { name = 'ftrl', compat = 'keras' }"), "constant");
  EXPECT_EQ(schedule("train.optimizer = { name = 'adam', compat = 'keras' }"), "cosine");
  EXPECT_EQ(schedule("train = { optimizer = { name = 'ftrl', compat = 'tf1' }, schedule.kind = 'linear' }"), "linear");
}

TEST(ReadSpec, RefusesASplitThatTheProtocolCannotAskAbout) {
  const std::vector<std::string> by_time = {"split.by=time", "split.valid=1", "split.test=1"};
  EXPECT_THROW(parse_spec(kMovies, "s", by_time), Error);
  const std::vector<std::string> next_item = {"eval.protocol=next-item"};
  EXPECT_THROW(parse_spec(kMovies, "s", next_item), Error);
}

TEST(ReadSpec, OverridesStandAboveTheFile) {
  const std::vector<std::string> overrides = {"train.epochs=3",
                                              "data.path=x.csv",
                                              "train.optimizer.lr = 1e-2",
                                              "model.layers=[8]",
                                              "columns.watched.embed.dim=16",
                                              "train.early_stop.patience=2",
                                              "data.where=rating >= 3"};
  const Spec spec = parse_spec(kMovies, "movies.toml", overrides);
  EXPECT_EQ(spec.train.epochs, 3);
  EXPECT_EQ(spec.data.path, std::vector<std::string>{"x.csv"});
  EXPECT_EQ(spec.train.optimizer.lr, 0.01F);
  EXPECT_EQ(spec.model.layers, std::vector<std::int64_t>{8});
  EXPECT_EQ(target_column(spec).embed.dim, 16);
  EXPECT_EQ(target_column(spec).min_count, 5);
  EXPECT_EQ(spec.train.early_stop.patience, 2);
  EXPECT_EQ(spec.data.where, "rating >= 3");
}

TEST(ReadSpec, OverridesReachIntoAShorthandColumn) {
  const std::vector<std::string> overrides = {"columns.m.min_count=3"};
  const Spec spec =
      parse_spec("spec = 1\ndata = { path = 'a.csv', group_by = 'u' }\ncolumns.m = 'vocabulary'\n", "s", overrides);
  EXPECT_EQ(target_column(spec).min_count, 3);
}

TEST(ReadSpec, OverridesTakeKeysOut) {
  const std::string text =
      "spec = 1\ndata.path = 'a.csv'\nhead = { kind = 'binary', target = 'y' }\n"
      "columns.m = { kind = 'vocabulary', embed = { dim = 3, checkpoint = 'old', trainable = false } }\n"
      "columns.n = 'numeric'\ntrain.early_stop = { patience = 3, metric = 'auc' }\n";
  const std::vector<std::string> overrides = {"-columns.m.embed.checkpoint", "-train.early_stop", "-columns.n",
                                              "train.early_stop.patience=2"};
  const Spec spec = parse_spec(text, "s", overrides);
  EXPECT_EQ(embed_options(spec.columns.at("m"))->checkpoint, "");
  EXPECT_EQ(embed_options(spec.columns.at("m"))->dim, 3);
  EXPECT_EQ(spec.columns.count("n"), 0U);
  EXPECT_EQ(spec.train.early_stop.metric, "average_loss");
  EXPECT_EQ(spec.train.early_stop.patience, 2);

  EXPECT_THAT(error_of(text, {"-columns.m.embed.checkpoin"}).message(),
              HasSubstr("--unset columns.m.embed.checkpoin: the spec does not set that, did you mean 'checkpoint'?"));
  EXPECT_THAT(error_of(text, {"-train.epochs"}).message(),
              HasSubstr("--unset train.epochs: the spec does not set that"));
  EXPECT_THAT(error_of(text, {"-columns.n.kind"}).message(), HasSubstr("the spec does not set that"));
  EXPECT_THAT(error_of(text, {"-"}).message(), HasSubstr("the spec does not set that"));
  EXPECT_THAT(error_of(text, {"-spec"}).message(), HasSubstr("the key 'spec' is missing"));
}

TEST(ReadSpec, ErrorsOfOverridesNameTheFlag) {
  EXPECT_THAT(error_of(kMovies, {"train.epoch=3"}).message(),
              HasSubstr("--set train.epoch=3: 'epoch' is no key of train, did you mean 'epochs'?"));
  EXPECT_THAT(error_of(kMovies, {"train.epochs=many"}).message(),
              HasSubstr("--set train.epochs=many: train.epochs must be an integer, not the string 'many'"));
  EXPECT_THAT(error_of(kMovies, {"train.epochs=-1"}).message(),
              HasSubstr("--set train.epochs=-1: train.epochs must be from 0 to"));
  EXPECT_THAT(error_of(kMovies, {"train.epochs"}).message(), HasSubstr("not of the form key=value"));
  EXPECT_THAT(error_of(kMovies, {"train.epochs.x=1"}).message(), HasSubstr("'epochs' is no table"));
  EXPECT_THAT(error_of(kMovies, {"train.epochs=\xff"}).message(), HasSubstr("not of the form key=value"));
  EXPECT_THAT(error_of(kMovies, {"=1"}).message(), HasSubstr("'' is no key of a spec"));
}

TEST(ReadSpec, PointsAtAnUnknownKey) {
  const Error error = error_of(edited("epochs", "epoch"));
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "movies.toml:6:67: 'epoch' is no key of train, did you mean 'epochs'?");
  EXPECT_THAT(error.fix(), HasSubstr("batch, epochs"));
}

TEST(ReadSpec, FindsAKeyThatStandsInTheWrongTable) {
  EXPECT_THAT(error_of(edited("batch = 256", "lr = 0.1")).message(), HasSubstr("did you mean 'train.optimizer.lr'?"));
}

struct BadValue {
  const char* from;
  const char* to;
  const char* message;
};

class BadValues : public testing::TestWithParam<BadValue> {};

TEST_P(BadValues, AreRefusedWithPlaceAndNeed) {
  const Error error = error_of(edited(GetParam().from, GetParam().to));
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    ReadSpec, BadValues,
    testing::Values(
        BadValue{"spec  = 1", "", "movies.toml: the key 'spec' is missing"},
        BadValue{"spec  = 1", "spec = 2", "movies.toml:1:8: spec must be 1, not 2"},
        BadValue{"path = \"ratings.csv\", ", "", "movies.toml:2:9: data.path is missing"},
        BadValue{", group_by = \"userId\"", "", "movies.toml:2:9: data.group_by is missing"},
        BadValue{"order_by = \"timestamp\"", "order_by = ['a', 'a']", "data.order_by names 'a' twice"},
        BadValue{"order_by = \"timestamp\"", "order_by = ['a', 1]", "data.order_by must be a list of strings, not 1"},
        BadValue{"order_by = \"timestamp\"", "separator = '\\\"'", "data.separator must be 1 to 4 characters"},
        BadValue{"order_by = \"timestamp\"", "types = { a = 'int' }", "data.types cannot be 'int'"},
        BadValue{"order_by = \"timestamp\"", "types = 3", "data.types must be a table of strings, not 3"},
        BadValue{"columns.watched = {", "columns.'a b' = {", "movies.toml:3:9: 'a b' cannot name a column"},
        BadValue{"columns.watched = {", "columns.'a.kind' = {", "'a.kind' cannot name a column"},
        BadValue{"kind = \"vocabulary\"", "kind = \"vocabluary\"",
                 "movies.toml:3:28: columns.watched has no kind the string 'vocabluary', did you mean 'vocabulary'?"},
        BadValue{"dim = 64", "dim = -1", "movies.toml:3:93: columns.watched.embed.dim must be from 0 to 65536, not -1"},
        BadValue{"dim = 64", "dim = 6.5", "columns.watched.embed.dim must be an integer, not 6.5"},
        BadValue{"\"sqrtn\"", "\"sqrt\"", "columns.watched.embed.combiner cannot be 'sqrt', did you mean 'sqrtn'?"},
        BadValue{"\"sqrtn\" }", "\"sqrtn\" }, names = { path = \"m.csv\" }", "columns.watched.names.key is missing"},
        BadValue{"[256, 64]", "[256, 0]", "movies.toml:4:42: model.layers must be from 1 to 65536, not 0"},
        BadValue{"[256, 64]", "[256, 'a']", "model.layers must be a list of integers, not the string 'a'"},
        BadValue{"[256, 64]", "[256, 64], dropout = 1.0", "model.dropout must be at least -1 and below 1, not 1"},
        BadValue{"[256, 64]", "[256, 64], temperature = 0", "model.temperature must be above 0, not 0"},
        BadValue{"[256, 64]", "[256, 64], temperature = 1e300", "model.temperature must be a finite number"},
        BadValue{"[256, 64]", "[256, 64], normalize = 'yes'",
                 "model.normalize must be true or false, not the string 'yes'"},
        BadValue{"model = {", "model = 3 #", "movies.toml:4:9: model must be a table, not 3"},
        BadValue{"target = \"watched\"", "target = \"wached\"",
                 "movies.toml:5:38: head.target names no column: 'wached', did you mean 'watched'?"},
        BadValue{"context = 3", "context = 0", "head.context must be from 1 to 1000, not 0"},
        BadValue{"predict = 7", "predict = 1001", "head.predict must be from 1 to 1000, not 1001"},
        BadValue{"predict = 7", "negatives = -2", "head.negatives must be from -1 to"},
        BadValue{"predict = 7", "share = \"x\"", "head.share names no column: 'x'"},
        BadValue{"lr = 0.003", "lr = 0",
                 "movies.toml:6:45: train.optimizer.lr must be above 0, or -1 for the default, not 0"},
        BadValue{"lr = 0.003", "lr = nan", "train.optimizer.lr must be a finite number, not nan"},
        BadValue{"lr = 0.003", "lr = inf", "train.optimizer.lr must be a finite number, not inf"},
        BadValue{"batch = 256", "batch = 256, precision = \"bf61\"",
                 "train.precision cannot be 'bf61', did you mean 'bf16'?"},
        BadValue{"name = \"adam\"", "name = \"adm\"", "train.optimizer.name cannot be 'adm', did you mean 'adam'?"},
        BadValue{"lr = 0.003", "epsilon = -0.5",
                 "train.optimizer.epsilon must be at least 0, or -1 for the default, not -0.5"},
        BadValue{"name = \"adam\", lr = 0.003", "name = \"adagrad\", initial_accumulator = 0",
                 "movies.toml:6:23: train.optimizer does not fit together: "},
        BadValue{"batch = 256", "batch = -1", "train.batch must be from 0 to 1048576, not -1"},
        BadValue{"batch = 256", "batch = 99999999999999999999", "movies.toml:6:"},
        BadValue{"seed = 7", "seed = -7", "train.seed must be at least 0, not -7"},
        BadValue{"seed = 7", "early_stop = { metric = \"x\" }", "train.early_stop.metric has a bad entry: metric 'x'"},
        BadValue{"valid = 0.05", "valid = 0.95", "split.test leaves nothing to train on"},
        BadValue{"valid = 0.05", "valid = -1", "split.valid must be at least 0, not -1"},
        BadValue{"by = \"group\"", "by = \"time\"", "split.valid counts events when by = \"time\""},
        BadValue{"by = \"group\"", "by = \"column\"", "split.column is missing"},
        BadValue{"by = \"group\"", "folds = 5, fold = 5", "split.fold must be below folds, which is 5, not 5"},
        BadValue{"by = \"group\"", "folds = 1", "split.folds must be 0 or at least 2"},
        BadValue{"by = \"group\"", "fold = 1", "split.fold must be below folds, which is 0"},
        BadValue{"\"window\"", "\"windows\"", "eval.protocol cannot be 'windows', did you mean 'window'?"},
        BadValue{"\"recall@20\"", "\"recal@20\"", "movies.toml:8:42: eval.metrics has a bad entry: metric 'recal@20'"},
        BadValue{"\"recall@20\"", "\"ndcg@20\"", "eval.metrics has a bad entry"},
        BadValue{"\"recall@20\"", "\"recall\"", "eval.metrics has a bad entry"},
        BadValue{"eval  = {", "eval  = {{", "movies.toml:8:"},
        BadValue{"seed = 7", "seed = 2020-01-01", "train.seed must be an integer, not a value of another type"}));

TEST(ReadSpec, ReadsEveryKindOfColumn) {
  const Spec spec = parse_spec(R"(spec = 1
data = { path = "taxi.csv" }
columns.day      = { kind = "identity", source = "pickup_time", derive = "weekday", size = 7 }
columns.hour     = { kind = "identity", source = "pickup_time", derive = "hour", size = 24 }
columns.day_hour = { kind = "crossed", of = ["day", "hour"], embed = 10 }
columns.plat     = { kind = "bucketized", boundaries = { linspace = [38, 42, 10] } }
columns.plon     = { kind = "bucketized", boundaries = [-76.5, -74, -72] }
columns.distance = { kind = "numeric", scale = "zscore" }
columns.words    = { kind = "text", source = "note", max_size = 20000, embed = { dim = 5, combiner = "sqrtn" } }
columns.flag     = { kind = "hash", buckets = 100, salt = [1, 2] }
columns.bedrooms = "numeric"
)",
                               "taxi.toml");
  EXPECT_EQ(spec.model.kind, "none");
  EXPECT_EQ(std::get<IdentityColumn>(spec.columns.at("day")).derive, "weekday");
  EXPECT_EQ(std::get<CrossedColumn>(spec.columns.at("day_hour")).embed.dim, 10);
  EXPECT_EQ(std::get<BucketizedColumn>(spec.columns.at("plat")).boundaries.linspace, (std::vector<double>{38, 42, 10}));
  EXPECT_EQ(std::get<BucketizedColumn>(spec.columns.at("plon")).boundaries.values,
            (std::vector<double>{-76.5, -74, -72}));
  EXPECT_EQ(std::get<BucketizedColumn>(spec.columns.at("plat")).source, std::vector<std::string>{"plat"});
  EXPECT_EQ(std::get<TextColumn>(spec.columns.at("words")).embed.combiner, "sqrtn");
  EXPECT_EQ(std::get<HashColumn>(spec.columns.at("flag")).salt, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(std::get<NumericColumn>(spec.columns.at("bedrooms")).source, std::vector<std::string>{"bedrooms"});
}

TEST(ReadSpec, RefusesAKeyOfAnotherKindOfColumn) {
  const std::string text = "spec = 1\ndata = { path = 'a.csv' }\ncolumns.a = { kind = 'hash', min_count = 3 }\n";
  EXPECT_THAT(error_of(text).message(), HasSubstr("movies.toml:3:30: 'min_count' is no key of columns.a"));
}

TEST(ReadSpec, TheTargetOfARecommenderIsALearnedVocabulary) {
  const Error kind = error_of(edited("kind = \"vocabulary\", source = \"movieId\", min_count = 5", "kind = \"hash\""));
  EXPECT_THAT(kind.message(), HasSubstr("columns.watched.kind cannot be 'hash' for the target of a recommender"));
  const Error split = error_of(edited("min_count = 5", "split = \"|\""));
  EXPECT_THAT(split.message(), HasSubstr("movies.toml:3:70: columns.watched.split does not go with"));
}

TEST(ReadSpec, AsksForATargetAmongSeveralColumns) {
  const std::string text =
      "spec = 1\ndata = { path = 'a.csv', group_by = 'u' }\ncolumns.a = 'vocabulary'\ncolumns.b = 'vocabulary'\n";
  EXPECT_THAT(error_of(text).message(), HasSubstr("head.target is missing and there are several columns"));
  EXPECT_THAT(error_of(text + "head = { target = 'a', share = 'b' }").message(),
              HasSubstr("head.share must be the target 'a' or empty"));
}

TEST(ReadSpec, RefusesTextsThatAreBuiltToBreakAParser) {
  std::string dotted = "a";
  for (int i = 0; i < 100'000; ++i) dotted += ".a";
  EXPECT_THAT(error_of(dotted + " = 1").message(), HasSubstr("dots"));
  EXPECT_EQ(error_of("spec = " + std::string(100'000, '[')).code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error_of("spec = 1\nx = " + std::string(50, '[') + std::string(50, ']')).message(),
              HasSubstr("nested too deeply"));
  EXPECT_EQ(error_of(std::string("spec = 1\0", 9)).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of("spec = \"\xff\"").code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of(std::string(kMaxSpecBytes + 1, ' ')).code(), ErrorCode::kResourceLimit);
}

TEST(ReadSpec, AMissingFileIsAnInputError) {
  try {
    read_spec("/nonexistent/movies.toml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_THAT(error.message(), HasSubstr("/nonexistent/movies.toml"));
  }
}

/// `word` with one slip of the kind a hand makes.
std::string with_a_slip(std::string word, RandomStream& random) {
  const std::size_t at = random.below(word.size());
  switch (random.below(4)) {
    case 0:
      return word.erase(at, 1);
    case 1:
      return word.insert(at, 1, 'x');
    case 2:
      word[at] = word[at] == 'q' ? 'z' : 'q';
      return word;
    default:
      if (at + 1 < word.size() && word[at] != word[at + 1]) {
        std::swap(word[at], word[at + 1]);
      } else {
        word.push_back('x');
      }
      return word;
  }
}

TEST(ReadSpec, FiftySeededTyposAreFoundWithPlaceAndSuggestion) {
  Spec example = parse_spec(kMovies, "movies.toml");
  const std::string printed = to_toml(example);
  std::vector<Option> options = list_options(example);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RandomStream random(seed, Purpose::kPick, 0, 0);
    const std::string path = options[random.below(options.size())].path;
    const std::string key = path.substr(path.rfind('.') + 1);
    const std::string slip = with_a_slip(key, random);
    if (slip.empty() || key == "k") continue;
    const std::string header = path == key ? "" : "\n[" + path.substr(0, path.rfind('.')) + "]\n";
    const std::size_t table = printed.find(header);
    ASSERT_NE(table, std::string::npos);
    const std::size_t at = printed.find("\n" + key + " = ", table == 0 ? 0 : table + header.size() - 1);
    const std::size_t begin = at == std::string::npos || path == "spec" ? printed.find(key + " = ") : at + 1;
    std::string text = printed;
    text.replace(begin, key.size(), slip);
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n') + 1;
    const Error error = error_of(text);
    EXPECT_EQ(exit_status(error.code()), 2) << seed;
    if (path == "spec") {
      EXPECT_THAT(error.message(), HasSubstr("'spec' is missing")) << seed;
      continue;
    }
    EXPECT_THAT(error.message(),
                testing::StartsWith("movies.toml:" + std::to_string(line) + ":1: " + kin::quoted(slip)))
        << seed;
    EXPECT_THAT(error.message(), HasSubstr("did you mean '" + key + "'?")) << seed;
  }
}

}  // namespace
}  // namespace kin
