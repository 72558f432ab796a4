#include "kinspace/nn/nn_testing.h"

#include <cstring>

#include "kinspace/base/error.h"

namespace kin::testing {

std::vector<OptimizerOptions> every_optimizer() {
  std::vector<OptimizerOptions> all;
  for (const char* name : {"adam", "adagrad", "rowwise_adagrad", "sgd", "momentum", "ftrl", "rmsprop", "adadelta",
                           "adamax", "nadam", "proximal_adagrad"}) {
    all.push_back({.name = name});
  }
  for (const char* compat : {"tf1", "keras"}) {
    for (const char* name : {"adam", "adagrad", "sgd", "momentum", "ftrl", "rmsprop", "adadelta"}) {
      all.push_back({.name = name, .compat = compat});
    }
    all.push_back({.name = "rmsprop", .momentum = 0.5F, .compat = compat, .centered = true});
  }
  all.push_back({.name = "nadam", .compat = "keras"});
  all.push_back({.name = "adamax", .compat = "keras"});
  all.push_back({.name = "proximal_adagrad", .compat = "tf1", .l1 = 0.01F});
  all.push_back({.name = "adam", .compat = "keras", .amsgrad = true, .global_clip_norm = 0.5F});
  all.push_back({.name = "nadam", .lazy = false, .clip_value = 0.01F});
  all.push_back({.name = "rmsprop", .compat = "keras", .centered = true, .clip_norm = 0.3F});
  all.push_back({.name = "ftrl", .l1 = 0.01F, .lr_power = -0.7F});
  return all;
}

std::string bytes_of(ParameterStore& store) {
  std::string bytes;
  for (const NamedMatrix& m : store.matrices(/*with_slots=*/true)) {
    bytes += m.name;
    const Matrix values = m.matrix.copy();
    bytes.append(reinterpret_cast<const char*>(values.row(0)), values.values().size_bytes());
  }
  return bytes;
}

}  // namespace kin::testing
