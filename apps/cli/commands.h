#pragma once

#include "apps/cli/context.h"

// Each command translates its arguments into a call of the library and prints what comes back. All return the exit
// status and throw kin::Error.

namespace kin::cli {

int run_inspect(Context& context);
int run_train(Context& context);
int run_evaluate(Context& context);
int run_predict(Context& context);
int run_recommend(Context& context);
int run_similar(Context& context);
int run_lookup(Context& context);
int run_encode(Context& context);
int run_import(Context& context);
int run_export(Context& context);
int run_info(Context& context);
int run_verify(Context& context);
int run_check(Context& context);
int run_doctor(Context& context);
int run_completion(Context& context);
int run_version(Context& context);
int run_help(Context& context);

}  // namespace kin::cli
