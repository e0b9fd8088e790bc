#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace merc {

/// The records of a CSV text (RFC 4180): quoted fields may hold commas, line ends and doubled quotes; lines end in LF or CR LF.
/// Throws std::invalid_argument for a quote that is never closed.
inline std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string field;
  bool quoted = false;
  const auto end_field = [&] {
    record.push_back(std::move(field));
    field.clear();
  };
  const auto end_record = [&] {
    end_field();
    if (record.size() > 1 || !record.front().empty()) records.push_back(std::move(record));
    record.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool twice = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (twice) {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == ',') {
      end_field();
    } else if (c == '\n') {
      if (field.ends_with('\r')) field.pop_back();
      end_record();
    } else {
      field += c;
    }
  }
  if (quoted) throw std::invalid_argument("a quote is never closed");
  if (!field.empty() || !record.empty()) end_record();
  return records;
}

}  // namespace merc
