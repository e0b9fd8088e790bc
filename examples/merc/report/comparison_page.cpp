#include "report/ablation.hpp"
#include "report/chart.hpp"
#include "report/page.hpp"

#include <nlohmann/json.hpp>

namespace merc {
namespace {

std::optional<std::pair<double, double>> in_percent(const nlohmann::json& interval) {
  if (interval.is_null()) return std::nullopt;
  return std::pair{100 * interval[0].get<double>(), 100 * interval[1].get<double>()};
}

}  // namespace

std::string comparison_html(const nlohmann::json& comparison) {
  const auto tables = comparison_tables(comparison);
  auto html = note_html(tables.caption + ".") + table_html(tables.settings);
  if (!tables.folds.empty()) html += "<h3>Each session as test</h3>\n" + table_html(tables.folds);
  if (tables.differences.size() < 2) return html + note_html(tables.note);
  std::vector<IntervalRow> rows;
  for (const auto& [name, difference] : comparison.at("differences").items())
    rows.push_back({name, 100 * difference.at("mean").get<double>(), in_percent(difference.at("seed_interval")),
                    in_percent(difference.at("dialog_interval"))});
  return html + "<h3>Paired differences in weighted F1, percentage points</h3>\n" + intervals_svg(rows) + table_html(tables.differences) +
         note_html(tables.note);
}

}  // namespace merc
