#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kinspace/estimator/spec.h"

namespace kin {

/// Longest spec file that is read.
inline constexpr std::size_t kMaxSpecBytes = 1 << 20;

/// Reads a spec from a TOML file, fills in what it leaves open (resolve) and checks it (validate).
///
/// Overrides are settings like "train.epochs=3", applied after the file: a value in TOML or, failing that, a bare word;
/// "-train.early_stop" takes a key of the file out again, with all below it.
/// Errors   kInvalidArgument with file:line:column (or the override) for a text that is not TOML, an unknown key (with
///          the nearest known one), a wrong type or an impossible value; kIo; kResourceLimit beyond kMaxSpecBytes.
Spec read_spec(const std::string& path, std::span<const std::string> overrides = {});

/// The same for a text; `name` stands for the file in messages.
Spec parse_spec(std::string_view text, const std::string& name, std::span<const std::string> overrides = {});

/// Reads what canonical_json() wrote, strictly.
/// Errors   kCorruption when it is not JSON, kNotSupported when this build does not know a key or a value.
Spec spec_from_json(std::string_view text);

/// Fills in what follows from other settings: the only column as head.target, a column's own name as its source, the
/// optimizer's defaults, the
/// protocol's metrics, the k of a bare "coverage" (parse_metrics), the early-stopping metric.
/// Applying it again changes nothing.
void resolve(Spec& spec);

/// Checks every value of a resolved spec, alone and together. Errors: kInvalidArgument naming the key.
void validate(const Spec& spec);

/// All settings of the resolved spec as JSON without blanks, keys sorted, numbers in shortest form: equal specs have
/// equal bytes. The same bytes come from Python's json.dumps(sort_keys=True, ensure_ascii=False, separators=(",",
/// ":")).
std::string canonical_json(const Spec& spec);

/// All settings as a TOML file; parse_spec() of it gives the same spec.
std::string to_toml(const Spec& spec);

/// One line for each setting in which two specs differ, such as "train.batch: 256 -> 512"; none if they are equal.
std::vector<std::string> differing_keys(const Spec& before, const Spec& after);

/// JSON Schema (draft 2020-12) of a spec file.
std::string spec_json_schema();

/// Every key with type, default, allowed values and help, as Markdown: docs/reference/spec.md.
std::string spec_markdown();

}  // namespace kin
