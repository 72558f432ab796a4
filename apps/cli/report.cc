#include "apps/cli/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kinspace/base/text.h"

namespace kin::cli {
namespace {

template <class T>
std::string shortest(T value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

std::string object_json(const std::vector<Column>& columns, const std::vector<Cell>& row) {
  std::string out = "{";
  for (std::size_t i = 0; i < row.size(); ++i) {
    out += fmt::format("{}{}:{}", i == 0 ? "" : ",", json_quote(columns[i].name), cell_json(row[i]));
  }
  return out + "}";
}

std::string csv_quote(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}

/// The text of a cell in full, as CSV has it.
std::string full_text(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* list = std::get_if<std::vector<std::string>>(&cell)) {
    std::string out;
    for (const std::string& item : *list) out += (out.empty() ? "" : " ") + item;
    return out;
  }
  if (std::holds_alternative<std::monostate>(cell)) return "";
  if (const auto* json = std::get_if<Json>(&cell)) return json->text;
  return cell_json(cell);
}

/// Control characters, C1 ones included, as escapes.
std::string harmless(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
      out += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// The text of a cell for people.
std::string shown_text(const Cell& cell, const Column& column, bool exact) {
  if (!exact && column.decimals >= 0) {
    if (const auto* number = std::get_if<double>(&cell)) return fmt::format("{:.{}f}", *number, column.decimals);
    if (const auto* number = std::get_if<float>(&cell)) return fmt::format("{:.{}f}", *number, column.decimals);
  }
  return harmless(full_text(cell));
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_number(const Cell& cell) {
  return cell.index() >= 2 && cell.index() <= 4;
}

/// What is shown to people: fields alone become two columns.
struct Grid {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  bool header = true;
};

Grid grid_of(const Report& report, bool details) {
  Grid grid;
  if (report.columns.empty()) {
    grid.columns = {{"field"}, {"value"}};
    grid.header = false;
    for (const auto& [name, cell] : report.fields) grid.rows.push_back({name, cell});
    return grid;
  }
  const auto keep = [&](std::size_t i) { return details || !report.columns[i].detail; };
  for (std::size_t i = 0; i < report.columns.size(); ++i) {
    if (keep(i)) grid.columns.push_back(report.columns[i]);
  }
  for (const auto& row : report.rows) {
    auto& kept = grid.rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (keep(i)) kept.push_back(row[i]);
    }
  }
  return grid;
}

void print_table(const Grid& grid, const Terminal& terminal, Sink& out) {
  const std::size_t columns = grid.columns.size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> right(columns, false);
  std::vector<std::vector<std::string>> texts;
  for (const auto& row : grid.rows) {
    auto& line = texts.emplace_back();
    for (std::size_t i = 0; i < columns; ++i) {
      line.push_back(shown_text(row[i], grid.columns[i], false));
      widths[i] = std::max(widths[i], width_of(line.back()));
      right[i] = right[i] || (grid.header && is_number(row[i]));
    }
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < columns; ++i) {
      const std::string pad(widths[i] - width_of(cells[i]), ' ');
      const bool last = i + 1 == columns;
      text += right[i] ? pad + cells[i] : last ? cells[i] : cells[i] + pad;
      if (!last) text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  if (grid.header) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < columns; ++i) {
      names.push_back(grid.columns[i].name);
      widths[i] = std::max(widths[i], width_of(names.back()));
    }
    out.write(terminal.color ? fmt::format("\x1b[1m{}\x1b[0m\n", line(names)) : line(names) + "\n");
  }
  for (const auto& cells : texts) out.write(line(cells) + "\n");
}

void print_markdown(const Grid& grid, Sink& out) {
  std::string rule = "|";
  std::string names = "|";
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    names += fmt::format(" {} |", grid.columns[i].name);
    rule += !grid.rows.empty() && is_number(grid.rows.front()[i]) ? "---:|" : "---|";
  }
  out.write(names + "\n" + rule + "\n");
  for (const auto& row : grid.rows) {
    std::string line = "|";
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string text = shown_text(row[i], grid.columns[i], false);
      for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
      line += fmt::format(" {} |", text);
    }
    out.write(line + "\n");
  }
}

}  // namespace

std::string json_quote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string cell_json(const Cell& cell) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(float value) const { return shortest(value); }
    std::string operator()(double value) const { return shortest(value); }
    std::string operator()(const std::string& value) const { return json_quote(value); }
    std::string operator()(const std::vector<std::string>& list) const {
      std::string out = "[";
      for (const std::string& item : list) out += (out.size() > 1 ? "," : "") + json_quote(item);
      return out + "]";
    }
    std::string operator()(const Json& value) const { return value.text; }
  };
  return std::visit(Visitor{}, cell);
}

std::string fields_json(const Report& report) {
  std::string out = fmt::format("{{\"schema\":{}", json_quote(report.schema));
  for (const auto& [name, cell] : report.fields) out += fmt::format(",{}:{}", json_quote(name), cell_json(cell));
  return out + "}";
}

RowWriter::RowWriter(Format format, std::vector<Column> columns, Sink& out)
    : format_(format), columns_(std::move(columns)), out_(out) {
  if (format_ != Format::kCsv) return;
  std::string line;
  for (const Column& column : columns_) line += (line.empty() ? "" : ",") + csv_quote(column.name);
  out_.write(line + "\n");
}

void RowWriter::write(const std::vector<Cell>& row) {
  if (format_ == Format::kJsonl) return out_.write(object_json(columns_, row) + "\n");
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += format_ == Format::kCsv ? ',' : '\t';
    line += format_ == Format::kCsv ? csv_quote(full_text(row[i])) : shown_text(row[i], columns_[i], true);
  }
  out_.write(line + "\n");
}

void print(const Report& report, Format format, const Terminal& terminal, Sink& out) {
  const bool machine = format == Format::kCsv || format == Format::kJsonl;
  const Grid grid = grid_of(report, machine);
  switch (format) {
    case Format::kTable:
      return print_table(grid, terminal, out);
    case Format::kMarkdown:
      return print_markdown(grid, out);
    case Format::kJson: {
      std::string text = fields_json(report);
      if (!report.columns.empty()) {
        text.pop_back();
        text += ",\"rows\":[";
        for (const auto& row : report.rows)
          text += (&row == &report.rows.front() ? "" : ",") + object_json(report.columns, row);
        text += "]}";
      }
      return out.write(text + "\n");
    }
    case Format::kJsonl:
      if (report.columns.empty()) return out.write(fields_json(report) + "\n");
      [[fallthrough]];
    case Format::kCsv:
    case Format::kPlain: {
      RowWriter writer(format, grid.columns, out);
      for (const auto& row : grid.rows) writer.write(row);
    }
  }
}

}  // namespace kin::cli
