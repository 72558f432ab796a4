// A model function in C++: trained, evaluated and asked, on rides of a bike rental that this program makes up.

#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

#include "kinspace/base/error.h"
#include "kinspace/estimator/estimator.h"
#include "kinspace/estimator/spec_io.h"

namespace {

// The model: one function for training, evaluation and prediction.
kin::EstimatorSpec rides(kin::Step& step) {
  using enum kin::kernels::Activation;
  const kin::Var x = step.input();  // [B, width]: the columns side by side, stations and hours as embeddings
  kin::Var h = step.dense("hidden_0", x, {.units = 32, .activation = kRelu});
  h = step.dropout(h, 0.1F);
  h = step.dense("hidden_1", h, {.units = 8, .activation = kTanh});
  kin::EstimatorSpec out = step.estimate(step.dense("logits", h, {.units = step.head().logits()}));
  out.predictions.push_back({"hidden", h});
  return out;
}

// Everything but the model: data, columns, label, training.
constexpr const char* kSpec = R"(
spec = 1
data = { path = "rides.csv" }
columns.station = { kind = "vocabulary", embed = { dim = 3 } }
columns.hour = { kind = "identity", size = 24, embed = { dim = 4 } }
columns.rain = "numeric"
head = { kind = "regression", target = "rides", transform = "log1p" }
train = { optimizer = { name = "adam", lr = 0.01 }, epochs = 20, batch = 64, seed = 1 }
split = { by = "row", valid = 0.1, test = 0.1 }
eval = { metrics = ["mae", "r2"] }
)";

/// Commuters at five stations, by the hour; fewer when it rains.
void write_rides(const std::string& path) {
  std::mt19937 random(7);
  std::ofstream file(path);
  file << "station,hour,rain,rides\n";
  const char* stations[] = {"harbour", "market", "museum", "station", "university"};
  for (int day = 0; day < 60; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      const double rain = random() % 3 == 0 ? static_cast<double>(random() % 10) / 2 : 0;
      for (int s = 0; s < 5; ++s) {
        const double rush = std::exp(-std::pow(hour - 8.0, 2) / 4) + std::exp(-std::pow(hour - 17.5 + s % 2, 2) / 6);
        const double mean = (4 + 6 * s) * (0.2 + 3 * rush) / (1 + rain);
        file << stations[s] << ',' << hour << ',' << rain << ',' << std::floor(mean * (0.75 + random() % 50 / 100.0))
             << '\n';
      }
    }
  }
}

void run(const std::string& folder) {
  write_rides(folder + "/rides.csv");
  kin::Estimator estimator(rides, kin::parse_spec(kSpec, "custom.cc"),
                           {.directory = folder + "/run", .spec_directory = folder});
  const kin::TrainResult result = estimator.train();
  std::printf("trained %lld steps, the best model is that of step %lld\n", static_cast<long long>(result.step),
              static_cast<long long>(result.best_step));

  for (const kin::NamedValue& metric : estimator.evaluate({.part = kin::Part::kTest}).metrics) {
    std::printf("%-16s %8.3f\n", metric.name.c_str(), metric.value);
  }

  std::ofstream(folder + "/tomorrow.csv") << "station,hour,rain\nuniversity,8,0\nuniversity,8,4\nharbour,3,0\n";
  estimator.predict({"tomorrow.csv"}, [](std::int64_t /*rows*/, const std::vector<kin::Prediction>& found) {
    for (const kin::Prediction& prediction : found) {
      if (prediction.key != "predictions") continue;
      for (const float expected : std::get<std::vector<float>>(prediction.values)) {
        std::printf("expected: %.0f rides\n", static_cast<double>(expected));
      }
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1]);
    return 0;
  } catch (const kin::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.message().c_str());
    return 1;
  }
}
