#include "report/table.hpp"

#include <algorithm>
#include <cstdio>

namespace merc {
namespace {

/// Every byte but the continuation bytes of UTF-8 begins a character.
std::size_t width(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0) != 0x80; });
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (column == widths.size()) widths.push_back(0);
      widths[column] = std::max(widths[column], width(row[column]));
    }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t column = 0; column < rows[r].size(); ++column) {
      const std::string gap(widths[column] - width(rows[r][column]), ' ');
      line += column == 0 ? rows[r][column] + gap : "  " + gap + rows[r][column];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
    if (r == 0) {
      std::size_t total = 0;
      for (const auto one : widths) total += one + 2;
      text += std::string(total - 2, '-') + '\n';
    }
  }
  return text;
}

std::string percent(double fraction, int digits) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, 100 * fraction);
  return buffer;
}

std::string signed_percent(double fraction) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%+.2f", 100 * fraction);
  return buffer;
}

std::string mean_deviation(double mean, double deviation) { return percent(mean) + " ± " + percent(deviation); }

}  // namespace merc
