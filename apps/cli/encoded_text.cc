#include "apps/cli/encoded_text.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "apps/cli/report.h"

namespace kin::cli {
namespace {

void append_number(std::string& out, float value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else {
    out += "null";
  }
}

std::string csv_name(const std::string& name) {
  if (name.find_first_of(",\"\n\r") == std::string::npos) return name;
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

void numbers(const EncodedColumn& c, std::size_t first, std::int64_t count, char between, std::string& out) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (i > 0) out += between;
    append_number(out, c.dense[first + static_cast<std::size_t>(i)]);
  }
}

void json_ids(const EncodedInfo& info, const EncodedColumn& c, std::size_t r, std::string& out) {
  const auto begin = static_cast<std::size_t>(c.offsets[r]);
  const auto end = static_cast<std::size_t>(c.offsets[r + 1]);
  fmt::format_to(std::back_inserter(out), "{{\"ids\":[{}]",
                 fmt::join(c.ids.begin() + c.offsets[r], c.ids.begin() + c.offsets[r + 1], ","));
  if (info.weighted) {
    out += ",\"weights\":[";
    for (std::size_t k = begin; k < end; ++k) {
      if (k > begin) out += ',';
      append_number(out, c.weights[k]);
    }
    out += ']';
  }
  if (info.sequence) {
    fmt::format_to(std::back_inserter(out), ",\"positions\":[{}],\"length\":{}",
                   fmt::join(c.positions.begin() + c.offsets[r], c.positions.begin() + c.offsets[r + 1], ","),
                   c.lengths[r]);
  }
  out += '}';
}

void json_numbers(const EncodedInfo& info, const EncodedColumn& c, std::size_t r, std::string& out) {
  const auto width = static_cast<std::size_t>(info.width);
  out += '[';
  if (!info.sequence) {
    numbers(c, r * width, info.width, ',', out);
  } else {
    for (auto step = static_cast<std::size_t>(c.offsets[r]); step < static_cast<std::size_t>(c.offsets[r + 1]);
         ++step) {
      if (step > static_cast<std::size_t>(c.offsets[r])) out += ',';
      out += '[';
      numbers(c, step * width, info.width, ',', out);
      out += ']';
    }
  }
  out += ']';
}

}  // namespace

EncodedText::EncodedText(const std::vector<EncodedInfo>& infos, std::vector<std::size_t> chosen, bool csv)
    : infos_(infos), chosen_(std::move(chosen)), csv_(csv) {
  for (const std::size_t c : chosen_) names_.push_back(json_quote(infos_[c].name));
}

std::string EncodedText::header() const {
  std::string out;
  const auto add = [&](const std::string& name) { out += (out.empty() ? "" : ",") + name; };
  for (const std::size_t c : chosen_) {
    const EncodedInfo& info = infos_[c];
    if (info.categorical || info.sequence || info.width == 1) {
      add(csv_name(info.name));
    } else {
      for (std::int64_t i = 0; i < info.width; ++i) add(csv_name(fmt::format("{}_{}", info.name, i)));
    }
  }
  return out + "\n";
}

void EncodedText::rows(const EncodedBatch& batch, std::string& out) const {
  for (std::size_t r = 0; r < static_cast<std::size_t>(batch.rows); ++r) {
    if (csv_) {
      csv_row(batch, r, out);
    } else {
      json_row(batch, r, out);
    }
  }
}

void EncodedText::json_row(const EncodedBatch& batch, std::size_t r, std::string& out) const {
  out += '{';
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const EncodedInfo& info = infos_[chosen_[i]];
    const EncodedColumn& c = batch.columns[chosen_[i]];
    if (i > 0) out += ',';
    out += names_[i];
    out += ':';
    if (info.categorical) {
      json_ids(info, c, r, out);
    } else {
      json_numbers(info, c, r, out);
    }
  }
  out += "}\n";
}

void EncodedText::csv_row(const EncodedBatch& batch, std::size_t r, std::string& out) const {
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const EncodedInfo& info = infos_[chosen_[i]];
    const EncodedColumn& c = batch.columns[chosen_[i]];
    if (i > 0) out += ',';
    if (!info.categorical && !info.sequence) {
      numbers(c, r * static_cast<std::size_t>(info.width), info.width, ',', out);
      continue;
    }
    for (auto k = static_cast<std::size_t>(c.offsets[r]); k < static_cast<std::size_t>(c.offsets[r + 1]); ++k) {
      if (k > static_cast<std::size_t>(c.offsets[r])) out += '|';
      if (info.categorical) {
        fmt::format_to(std::back_inserter(out), "{}", c.ids[k]);
        if (info.weighted) {
          out += ':';
          append_number(out, c.weights[k]);
        }
      } else {
        numbers(c, k * static_cast<std::size_t>(info.width), info.width, ';', out);
      }
    }
  }
  out += '\n';
}

}  // namespace kin::cli
