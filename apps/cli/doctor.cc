#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <functional>
#include <thread>

#include "apps/cli/build_info.h"
#include "apps/cli/commands.h"
#include "kinspace/base/error.h"
#include "kinspace/base/file.h"
#include "kinspace/base/hash.h"
#include "kinspace/base/random.h"
#include "kinspace/base/text.h"
#include "kinspace/base/thread_pool.h"
#include "kinspace/kernels/kernels.h"
#include "kinspace/tensor/gemm.h"
#include "kinspace/tensor/internal/gemm_with.h"

namespace kin::cli {
namespace {

enum class Result { kOk, kRemark, kFailed };

struct Finding {
  Result result;
  std::string detail;
};

using Floats = std::vector<float>;

Floats random_floats(std::uint64_t seed) {
  RandomStream random(seed, Purpose::kInit, 0, 0);
  Floats out(1003);  // no multiple of a vector, so that the ends of the loops run too
  for (float& value : out) value = random.truncated_normal();
  return out;
}

/// What some kernels of every family make of the same numbers.
std::vector<Floats> kernel_results(kernels::Isa isa) {
  const kernels::Table& table = kernels::table(isa);
  const Floats a = random_floats(1);
  const Floats b = random_floats(2);
  const auto n = static_cast<std::int64_t>(a.size());
  const Floats sums = {table.dot(a.data(), b.data(), n), table.sum(a.data(), n),
                       table.squared_distance(a.data(), b.data(), n)};
  Floats axpy = b;
  table.axpy(0.7F, a.data(), axpy.data(), n);
  Floats exp(a.size());
  table.exp(a.data(), exp.data(), n);
  Floats log(a.size());
  table.log(exp.data(), log.data(), n);
  Floats gelu(a.size());
  table.activate(kernels::Activation::kGelu, a.data(), gelu.data(), n);
  Floats soft = a;
  soft.push_back(table.exp_shift_sum(1.5F, soft.data(), n));
  Floats weights = a;
  Floats m = b;
  Floats v = exp;
  table.adam({0.01F, 0.9F, 0.999F, 1e-8F}, b.data(), weights.data(), m.data(), v.data(), n);
  std::vector<Floats> results = {sums, axpy, exp, log, gelu, soft, weights};
  ThreadPool pool(1);
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    results.emplace_back(17 * 59);
    internal::gemm_with(table, pool, precision, Transpose::kNo, {a.data(), 17, 17, 17}, Transpose::kNo,
                        {b.data(), 17, 59, 59}, {results.back().data(), 17, 59, 59}, /*accumulate=*/false);
  }
  return results;
}

Finding check_kernels() {
  const auto reference = kernel_results(kernels::Isa::kScalar);
  for (const kernels::Isa isa : kernels::supported_isas()) {
    const auto results = kernel_results(isa);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (std::memcmp(results[i].data(), reference[i].data(), reference[i].size() * sizeof(float)) != 0) {
        return {Result::kFailed, fmt::format("{} and scalar differ in test {}", kernels::isa_name(isa), i)};
      }
    }
  }
  return {Result::kOk,
          fmt::format("{} agree to the byte; {} is used", isa_list(), kernels::isa_name(kernels::active().isa))};
}

Finding check_randomness() {
  const auto block = philox4x32({0, 0, 0, 0}, {0, 0});  // first known answer of Random123
  const bool good = block == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8} &&
                    checksum_hex("") == "99aa06d3014798d86001c324468d497f" && mix64(0) == 0xe220a8397b1dcdafULL;
  return good ? Finding{Result::kOk, "known answers of philox, xxh3 and mix64 are right"}
              : Finding{Result::kFailed, "a known answer is wrong: models would not be the same as elsewhere"};
}

Finding check_threads(int wanted) {
  ThreadPool pool(wanted);
  std::atomic<std::int64_t> sum = 0;
  pool.run(1000, [&](std::int64_t chunk) { sum += chunk; });
  if (sum != 499'500) return {Result::kFailed, fmt::format("{} threads lose work", pool.threads())};
  return {Result::kOk,
          fmt::format("{} used, {} processors on the machine", pool.threads(), std::thread::hardware_concurrency())};
}

/// The number behind `key` in a file such as /proc/meminfo, in bytes.
std::optional<std::uint64_t> meminfo(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key + ":");
  if (at == std::string::npos) return std::nullopt;
  return std::strtoull(text.c_str() + at + key.size() + 1, nullptr, 10) * 1024;
}

std::string system_file(const std::string& path) {
  std::string text(4096, '\0');
  try {
    InputFile file(path);  // such files say that they are 0 bytes long
    text.resize(file.read(text.data(), text.size()));
  } catch (const Error&) {
    return {};
  }
  return text;
}

Finding check_memory() {
  const std::string info = system_file("/proc/meminfo");
  const auto total = meminfo(info, "MemTotal");
  const auto available = meminfo(info, "MemAvailable");
  if (!total || !available) return {Result::kRemark, "unknown: /proc/meminfo cannot be read"};
  std::string detail = fmt::format("{} of {} free", human_bytes(*available), human_bytes(*total));
  const std::string file = system_file("/sys/fs/cgroup/memory.max");
  const std::string_view limit = trim(split(file, '\n').front());
  if (const auto bytes = parse_bytes(limit))
    detail += fmt::format(", at most {} for this container", human_bytes(*bytes));
  return {*available < (std::uint64_t{512} << 20) ? Result::kRemark : Result::kOk, detail};
}

Finding check_huge_pages() {
  const std::string text = system_file("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']');
  if (open == std::string::npos || close == std::string::npos) return {Result::kRemark, "unknown on this system"};
  const std::string mode = text.substr(open + 1, close - open - 1);
  if (mode == "never") {
    return {Result::kRemark,
            "off: large tables are slower; as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
  }
  return {Result::kOk, mode};
}

Finding check_files(const std::string& directory) {
  const std::string path = fmt::format("{}/.kin-doctor-{}", directory, getpid());
  const std::string content(100'000, 'k');
  write_file_atomically(path, content);
  const bool same = read_file(path, content.size()) == content;
  std::string detail = "write, sync, rename, lock and read work";
  Result result = same ? Result::kOk : Result::kFailed;
  try {
    const FileLock lock(path);
  } catch (const Error& error) {
    result = Result::kFailed;
    detail = error.message();
  }
  unlink(path.c_str());
  if (!same) detail = "what was written is not what is read back";
  return {result, detail};
}

}  // namespace

int run_doctor(Context& context) {
  const std::string directory = context.args.positionals.empty() ? "." : context.args.positionals.front();
  const std::pair<const char*, std::function<Finding()>> checks[] = {
      {"kernels", check_kernels},
      {"known answers", check_randomness},
      {"threads", [&] { return check_threads(context.threads); }},
      {"memory", check_memory},
      {"huge pages", check_huge_pages},
      {"files", [&] { return check_files(directory); }},
  };
  Report report{"kin.doctor/1", {}, {{"check"}, {"result"}, {"detail"}}, {}};
  bool healthy = true;
  for (const auto& [name, check] : checks) {
    Finding finding{Result::kFailed, ""};
    try {
      finding = check();
    } catch (const Error& error) {
      finding.detail = error.message();
    }
    const char* result = finding.result == Result::kOk ? "ok" : finding.result == Result::kRemark ? "remark" : "failed";
    healthy = healthy && finding.result != Result::kFailed;
    report.rows.push_back({std::string(name), std::string(result), finding.detail});
  }
  report.fields = {{"healthy", healthy}};
  context.print(report);
  return healthy ? 0 : 1;
}

}  // namespace kin::cli
