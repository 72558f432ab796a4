#include "apps/cli/commands.h"
#include "apps/cli/flags.h"
#include "apps/cli/shared_flags.h"

namespace kin::cli {
namespace {

constexpr Flag kGlobal[] = {
    {.name = "format",
     .kind = FlagKind::kChoice,
     .argument = "NAME",
     .help = "of the result; without it a table on a terminal, else plain",
     .choices = "table|plain|json|jsonl|csv|md"},
    {.name = "json", .help = "same as --format json; errors on stderr are JSON too"},
    {.name = "quiet", .letter = 'q', .help = "no progress and no remarks on stderr"},
    {.name = "threads",
     .letter = 'j',
     .kind = FlagKind::kInteger,
     .argument = "N",
     .preset = "0",
     .help = "0: all processors; results do not depend on it",
     .environment = "KIN_THREADS",
     .low = 0,
     .high = 1024},
    {.name = "memory-limit",
     .kind = FlagKind::kSize,
     .argument = "SIZE",
     .help = "refuse what would need more, such as 4G",
     .environment = "KIN_MEMORY_LIMIT"},
    {.name = "color",
     .kind = FlagKind::kChoice,
     .argument = "WHEN",
     .preset = "auto",
     .help = "auto looks at the terminal, TERM and NO_COLOR",
     .choices = "auto|always|never",
     .environment = "KIN_COLOR"},
    {.name = "no-color", .help = "same as --color never"},
};

constexpr Argument kInspectArguments[] = {
    {"FILE", "CSV, TSV, JSON Lines or Parquet files that make one table, patterns, or - for standard input", true,
     true}};
constexpr Flag kInspectFlags[] = {
    {.name = "write-spec",
     .kind = FlagKind::kFile,
     .argument = "FILE",
     .help = "write a spec to start from: columns for all that is of use, or a recommender for ratings; - prints it"},
    {.name = "target",
     .kind = FlagKind::kText,
     .argument = "NAME",
     .help = "column to predict, which the spec leaves out of its columns"},
    {.name = "column",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "NAME",
     .help = "all about this column: quantiles, histogram, frequent values; repeatable"},
    {.name = "buckets",
     .kind = FlagKind::kInteger,
     .argument = "N",
     .help = "count hash collisions in so many buckets; without it in twice as many as values",
     .low = 1,
     .high = 1'000'000'000'000},
    {.name = "query",
     .kind = FlagKind::kText,
     .argument = "SQL",
     .help = "rows of a query in place of FILE; as data.query"},
    {.name = "separator",
     .kind = FlagKind::kText,
     .argument = "TEXT",
     .help = "1 to 4 characters between cells, tab for a tab; without it found from the first lines"},
    {.name = "names",
     .kind = FlagKind::kText,
     .argument = "LIST",
     .help = "columns of a file without a header, with commas between; as data.names"},
    kOnBad,
    kMaxBad,
    kRejects,
};
constexpr Example kInspectExamples[] = {
    {"kin inspect ratings.csv --write-spec movies.toml", "look at a table, and write a spec to start from"},
    {"kin inspect houses.csv --target price --write-spec houses.toml", "columns to predict a price from"},
    {"kin inspect 'log-*.jsonl.gz' --column device --buckets 65536", "all about one column of several files"},
};

constexpr Argument kTrainArguments[] = {kSpec};
constexpr Flag kTrainFlags[] = {
    {.name = "output",
     .letter = 'o',
     .kind = FlagKind::kFile,
     .argument = "DIR",
     .preset = "run",
     .help = "run directory; an interrupted run in it is continued"},
    kSet,
    kUnset,
    {.name = "seed", .kind = FlagKind::kInteger, .argument = "N", .help = "same as --set train.seed=N", .low = 0},
    {.name = "warm-start",
     .kind = FlagKind::kText,
     .argument = "PATH",
     .help = "start from the parameters of a run, a TensorFlow checkpoint, or a file of vectors"},
    {.name = "include",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "PATTERN",
     .help = "take over only parameters that match; repeatable"},
    {.name = "exclude",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "PATTERN",
     .help = "do not take over parameters that match; repeatable"},
    {.name = "freeze",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "PATTERN",
     .help = "do not move parameters that match; repeatable"},
    {.name = "tensorboard",
     .help = "event files for TensorBoard in the run directory; same as --set train.tensorboard=true"},
    {.name = "progress",
     .kind = FlagKind::kChoice,
     .argument = "HOW",
     .preset = "auto",
     .help = "auto: a bar on a terminal, else plain rows at doubling steps",
     .choices = "auto|bar|plain|json|none",
     .environment = "KIN_PROGRESS"},
    kOnBad,
    kMaxBad,
    kRejects,
};
constexpr Example kTrainExamples[] = {
    {"kin train movies.toml -o run/", "train, or go on where an interrupted run stopped"},
    {"kin train movies.toml -o small/ --set columns.watched.embed.dim=16", "the same with another width"},
    {"kin train paris.toml -o paris/ --warm-start london/ --freeze 'hour/*'", "reuse what another run learned"},
};

constexpr Argument kEvaluateArguments[] = {{"RUN",
                                            "run directories; several are pooled, each for the users it held out; then "
                                            "a CSV file in place of the training data",
                                            false, true}};
constexpr Flag kEvaluateFlags[] = {
    {.name = "metrics",
     .kind = FlagKind::kText,
     .argument = "LIST",
     .help = "in place of the spec's, such as ndcg@10,mrr; models over rows: only these, such as auc,auc_exact"},
    {.name = "slice",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "COLUMN",
     .help = "models over rows: the metrics by the values of a column of the data, used by the model or not; "
             "COLUMN,COLUMN: by their combinations; repeatable, in place of eval.slice"},
    {.name = "max-slices",
     .kind = FlagKind::kInteger,
     .argument = "N",
     .preset = "20",
     .help = "the largest so many slices of each --slice; 0: all",
     .low = 0},
    {.name = "protocol",
     .kind = FlagKind::kChoice,
     .argument = "NAME",
     .help = "in place of the spec's",
     .choices = "next-item|window|window-long|fold-in"},
    {.name = "fail-under",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "METRIC=X",
     .help = "exit 1 if the model stays below, such as ndcg@10=0.05; repeatable"},
    {.name = "floors", .negatable = true, .help = "popularity and item-kNN beside the model (default)"},
    {.name = "valid", .help = "the validation cases in place of the test cases"},
    {.name = "batch",
     .kind = FlagKind::kInteger,
     .argument = "N",
     .help = "models over rows: loss is the mean over batches of so many rows (default: as in training)",
     .low = 1},
    {.name = "seed", .kind = FlagKind::kInteger, .argument = "N", .preset = "1", .help = "of the bootstrap", .low = 0},
};
constexpr Example kEvaluateExamples[] = {
    {"kin evaluate run/", "the protocol of the model, beside popularity and item-kNN"},
    {"kin evaluate run/ --fail-under ndcg@20=0.12", "a gate: exit 1 if the model is worse"},
    {"kin evaluate run/ test.csv --slice country --slice country,hour --metrics auc,log_loss",
     "a classifier, as a whole and by country"},
};

constexpr Argument kRecommendArguments[] = {kModel};
constexpr Flag kRecommendFlags[] = {
    {.name = "history",
     .kind = FlagKind::kText,
     .repeatable = true,
     .argument = "ITEMS",
     .help = "keys or titles, oldest first, with commas between; - reads one a line from standard input; repeatable"},
    {.name = "users",
     .kind = FlagKind::kFile,
     .argument = "FILE",
     .help = "CSV of many histories: columns user,history (keys with blanks between), or the data's own columns"},
    {.name = "count",
     .letter = 'k',
     .kind = FlagKind::kInteger,
     .argument = "N",
     .preset = "10",
     .help = "how many items for each history",
     .low = 1,
     .high = kMaxK},
    {.name = "exclude-seen", .negatable = true, .help = "leave out the items of the history (default)"},
    {.name = "why", .help = "the items of the history that added most to each score"},
    kOutputFile,
};
constexpr Example kRecommendExamples[] = {
    {"kin recommend run/ --history 1,260,480", "ten movies after these three"},
    {"kin recommend run/ --history \"Toy Story (1995)\" --history \"Jurassic Park (1993)\" -k 5 --why",
     "by title, with the reasons"},
    {"kin recommend run/ --users users.csv -k 20 -o recommendations.csv", "for many users"},
};

constexpr Argument kSimilarArguments[] = {kVectors, {"KEY", "keys or titles to start from", false, true}};
constexpr Flag kSimilarFlags[] = {
    kK,
    {.name = "metric",
     .kind = FlagKind::kChoice,
     .argument = "NAME",
     .preset = "cosine",
     .help = "cosine of the angle, dot product, or l2 distance (smaller is nearer)",
     .choices = "cosine|dot|l2"},
    kTable,
};
constexpr Example kSimilarExamples[] = {
    {"kin similar run/ 260", "the ten nearest neighbours of a movie"},
    {"kin similar run/ \"Toy Story (1995)\" -k 5 --json", "by title, for a program"},
};

constexpr Argument kLookupArguments[] = {kVectors,
                                         {"KEY", "keys or titles; - reads one a line from standard input", true, true}};
constexpr Flag kLookupFlags[] = {
    {.name = "format",
     .kind = FlagKind::kChoice,
     .argument = "NAME",
     .help = "of the result; npy gives a float32 matrix for NumPy",
     .choices = "table|plain|json|jsonl|csv|md|npy"},
    {.name = "list", .help = "keys, counts and titles instead of vectors; without KEY of the whole vocabulary"},
    {.name = "all", .help = "the vectors of the whole vocabulary"},
    kTable,
    kOutputFile,
};
constexpr Example kLookupExamples[] = {
    {"kin lookup run/ 260 --json", "the vector of a movie"},
    {"kin lookup run/ --list | grep -i godfather", "find a key"},
    {"kin lookup run/ --all --format npy -o vectors.npy", "all vectors, rows as in --list"},
};

constexpr Argument kEncodeArguments[] = {
    {"SPEC|RUN", "TOML file that describes columns, or a run directory with its vocabulary"},
    {"FILE", "tables to encode, - for standard input; none: the data of the spec", true, true}};
constexpr Flag kEncodeFlags[] = {
    {.name = "format",
     .kind = FlagKind::kChoice,
     .argument = "NAME",
     .preset = "jsonl",
     .help = "rows as text, or arrays for other programs",
     .choices = "jsonl|csv|npz|safetensors"},
    {.name = "columns", .kind = FlagKind::kText, .argument = "LIST", .help = "only these columns, with commas between"},
    kOutputFile,
    kSet,
    kUnset,
    kOnBad,
    kMaxBad,
    kRejects,
};
constexpr Example kEncodeExamples[] = {
    {"kin encode census.toml census.csv | head -3", "the ids of the first rows"},
    {"kin encode census.toml new.csv --columns age,job --format csv", "two columns of another file"},
    {"kin encode census.toml --format npz -o ids.npz", "arrays for NumPy"},
};

constexpr Argument kPredictArguments[] = {
    kModel, {"FILE", "tables to predict for, - for standard input; none: the data of the spec", true, true}};
constexpr Flag kPredictFlags[] = {
    {.name = "keys",
     .kind = FlagKind::kText,
     .argument = "LIST",
     .help = "only these predictions, with commas between, such as probabilities,classes"},
    kOutputFile,
    kOnBad,
    kMaxBad,
    kRejects,
};
constexpr Example kPredictExamples[] = {
    {"kin predict run/ new.csv", "every prediction of every row, in the order of the file"},
    {"kin predict run/ new.parquet --keys predictions -o prices.csv", "one column"},
};

constexpr Argument kImportArguments[] = {{"FILE",
                                          "TensorFlow checkpoint (prefix, directory or pattern), safetensors, .npy, "
                                          ".npz, word2vec, GloVe, fastText or CSV"}};
constexpr Flag kImportFlags[] = {
    {.name = "output",
     .letter = 'o',
     .kind = FlagKind::kFile,
     .argument = "DIR",
     .preset = "imported",
     .help = "model directory to make"},
    {.name = "from",
     .kind = FlagKind::kChoice,
     .argument = "FORMAT",
     .preset = "auto",
     .help = "auto looks at the content",
     .choices = "auto|tf-checkpoint|safetensors|npy|npz|word2vec|word2vec-bin|glove|csv"},
    {.name = "tensor",
     .kind = FlagKind::kText,
     .argument = "NAME",
     .help = "table of vectors, where there are several; kin info FILE lists them"},
    {.name = "vocabulary",
     .kind = FlagKind::kFile,
     .argument = "FILE",
     .help = "a key a line, for tensors without keys; without it rows have their numbers"},
    {.name = "column",
     .kind = FlagKind::kText,
     .argument = "NAME",
     .preset = "item",
     .help = "name of the column that the keys are values of"},
};
constexpr Example kImportExamples[] = {
    {"kin import glove.6B.100d.txt -o words/ --column word", "word vectors, for kin similar words/ king"},
    {"kin import 'london/*ckpt-1000*' --tensor item_embedding --vocabulary items.txt -o items/",
     "a table of a TensorFlow checkpoint"},
};

constexpr Argument kExportArguments[] = {kVectors};
constexpr Flag kExportFlags[] = {
    {.name = "to",
     .kind = FlagKind::kChoice,
     .argument = "FORMAT",
     .help = "what to write",
     .choices = "tf-checkpoint|safetensors|npy|word2vec|word2vec-bin|glove|csv|projector"},
    kTable,
    {.name = "names",
     .kind = FlagKind::kChoice,
     .argument = "WHOSE",
     .preset = "kinspace",
     .help =
         "tf-checkpoint, safetensors of a canned model over rows: names and order as TensorFlow's Estimators have them",
     .choices = "kinspace|tensorflow"},
    {.name = "output",
     .letter = 'o',
     .kind = FlagKind::kFile,
     .argument = "PATH",
     .help = "file, prefix of a checkpoint, or directory; without it standard output where one table is written"},
};
constexpr Example kExportExamples[] = {
    {"kin export run/ --to tf-checkpoint --names tensorflow -o model_dir/",
     "all parameters, for an Estimator or tf.train"},
    {"kin export run/ --to word2vec -o movies.vec", "vectors with their keys, for gensim and others"},
    {"kin export run/ --to projector -o logs/", "for TensorBoard's Embedding Projector"},
};

constexpr Argument kInfoArguments[] = {
    {"MODEL", "run directory, TensorFlow checkpoint, safetensors, NumPy file or word vectors"}};
constexpr Example kInfoExamples[] = {
    {"kin info run/", "what the model is, what it was trained on and how good it was"},
    {"kin info run/ --json", "the same with the whole spec"},
    {"kin info london/model.ckpt-1000", "names, types and shapes of the tensors of a checkpoint"},
};

constexpr Argument kVerifyArguments[] = {
    {"MODEL", "run directory, TensorFlow checkpoint, safetensors, NumPy file or word vectors"}};
constexpr Example kVerifyExamples[] = {
    {"kin verify run/", "every byte against its checksum; exit 4 if one is wrong"},
    {"kin verify run/ --json", "the same for a program"},
    {"kin verify london/model.ckpt-1000", "every tensor of a checkpoint, whose checksums are TensorFlow's"},
};

constexpr Argument kCheckArguments[] = {{"SPEC", kSpec.help, true, false}};
constexpr Flag kCheckFlags[] = {
    kSet,
    kUnset,
    {.name = "resolved", .help = "print the spec with every default instead of what it would need"},
    {.name = "schema", .help = "print the JSON Schema of specs (with --format md the reference page); needs no SPEC"},
};
constexpr Example kCheckExamples[] = {
    {"kin check movies.toml", "what training will read, build and need"},
    {"kin check movies.toml --resolved", "every setting, defaults included, as TOML"},
    {"kin check --schema > spec.schema.json", "for the completion of an editor"},
};

constexpr Argument kDoctorArguments[] = {
    {"DIR", "directory whose file system is tried; without it the current one", true, false}};
constexpr Example kDoctorExamples[] = {
    {"kin doctor", "does this build work on this machine?"},
    {"kin doctor /data --json", "the same for another disk, for a program"},
};

constexpr Argument kCompletionArguments[] = {{"SHELL", "bash, zsh or fish"}};
constexpr Example kCompletionExamples[] = {
    {"kin completion bash > /etc/bash_completion.d/kin", "for all users"},
    {"source <(kin completion zsh)", "for this shell"},
    {"kin completion fish > ~/.config/fish/completions/kin.fish", "for fish"},
};

constexpr Example kVersionExamples[] = {
    {"kin version", "version, compiler and instruction set"},
    {"kin version --json", "the same for a program"},
};

constexpr Argument kHelpArguments[] = {{"COMMAND", "the command to explain", true, false}};
constexpr Example kHelpExamples[] = {
    {"kin help train", "same as kin train --help"},
    {"kin help --json", "all commands and flags for a program"},
};

constexpr Command kCommands[] = {
    {"inspect", "look at a table: types, values, bad rows, and the columns that suit it", kInspectArguments,
     kInspectFlags, kInspectExamples,
     "Reads the table once, in bounded memory. Separator, header, comments and encoding are found from the first "
     "lines. Up to a million different values of a column are counted exactly, more are estimated (0.8 %). "
     "docs/guide/inspect.md explains what is shown.",
     run_inspect},
    {"train", "learn a model from data", kTrainArguments, kTrainFlags, kTrainExamples,
     "The same spec, data and seed give the same bytes, at any number of threads and after any interruption. Ctrl-C "
     "leaves a checkpoint and exits 130; the same command goes on from it. A run of another spec is refused, naming "
     "what "
     "differs.",
     run_train},
    {"evaluate", "measure a model on data that it did not learn from", kEvaluateArguments, kEvaluateFlags,
     kEvaluateExamples,
     "Recommenders: figures have 95 % intervals by bootstrap over users, docs/guide/evaluation.md defines protocols. "
     "Models over rows: the metrics of the head on the rows held out for the test, or on the files named "
     "(docs/guide/models.md).",
     run_evaluate},
    {"predict", "what a model says of the rows of a table", kPredictArguments, kPredictFlags, kPredictExamples,
     "For classifiers and regressors; rows come out in their order, as csv or jsonl.", run_predict},
    {"recommend", "the next items for a history", kRecommendArguments, kRecommendFlags, kRecommendExamples, "",
     run_recommend},
    {"similar", "the nearest neighbours of items", kSimilarArguments, kSimilarFlags, kSimilarExamples,
     "Every vector is looked at, so the answer is exact.", run_similar},
    {"lookup", "vectors of items", kLookupArguments, kLookupFlags, kLookupExamples, "", run_lookup},
    {"encode", "what a model would see: ids, weights and numbers of each row", kEncodeArguments, kEncodeFlags,
     kEncodeExamples,
     "Vocabularies, means and quantiles are learned from the training rows of the spec's data (of the files, where the "
     "spec names none). Out of vocabulary is -1. docs/guide/from-tensorflow.md says how ids compare.",
     run_encode},
    {"import", "make a model of vectors from other programs", kImportArguments, kImportFlags, kImportExamples,
     "The result can be looked up, searched, exported and be a warm start.", run_import},
    {"export", "write tensors in the format of another program", kExportArguments, kExportFlags, kExportExamples, "",
     run_export},
    {"info", "what a model is, or which tensors a file holds", kInfoArguments, {}, kInfoExamples, "", run_info},
    {"verify", "check every byte of a model", kVerifyArguments, {}, kVerifyExamples, "", run_verify},
    {"check", "check a spec and say what a run will need", kCheckArguments, kCheckFlags, kCheckExamples, "", run_check},
    {"doctor", "check this build on this machine", kDoctorArguments, {}, kDoctorExamples, "", run_doctor},
    {"completion", "completion for a shell", kCompletionArguments, {}, kCompletionExamples, "", run_completion},
    {"version", "version, compiler and instruction set", {}, {}, kVersionExamples, "", run_version},
    {"help", "explain a command", kHelpArguments, {}, kHelpExamples, "", run_help},
};

}  // namespace

std::span<const Command> all_commands() {
  return kCommands;
}
std::span<const Flag> global_flags() {
  return kGlobal;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace kin::cli
