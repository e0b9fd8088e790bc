#include "report/chart.hpp"

#include "report/page.hpp"

#include <algorithm>
#include <cmath>

namespace merc {
namespace {

/// A scale of numbers onto a length, with the round numbers within it.
struct Axis {
  double low = 0, high = 1, from = 0, to = 1;  ///< values, and where they lie
  double step = 1;

  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
  std::vector<double> ticks() const {
    std::vector<double> all;
    for (double tick = std::ceil(low / step - 1e-9) * step; tick <= high + 1e-9 * step; tick += step) all.push_back(tick);
    return all;
  }
};

/// About `count` steps of 1, 2 or 5 times a power of ten. The ends are widened to them where `widen`.
Axis axis(double low, double high, double from, double to, int count, bool widen) {
  if (high - low < 1e-9) low -= 0.5, high += 0.5;
  const double raw = (high - low) / count, power = std::pow(10, std::floor(std::log10(raw)));
  const double step = power * (raw <= power ? 1 : raw <= 2 * power ? 2 : raw <= 5 * power ? 5 : 10);
  if (widen) low = std::floor(low / step) * step, high = std::ceil(high / step) * step;
  return {low, high, from, to, step};
}

std::string tick_text(double value, double step) {
  return decimals(std::abs(value) < step * 1e-6 ? 0 : value, std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9))));
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return "<line x1=\"" + decimals(x1) + "\" y1=\"" + decimals(y1) + "\" x2=\"" + decimals(x2) + "\" y2=\"" + decimals(y2) + "\" style=\"" +
         style + "\"/>\n";
}

std::string label(double x, double y, const std::string& anchor, const std::string& text, const std::string& style = "") {
  return "<text x=\"" + decimals(x) + "\" y=\"" + decimals(y) + "\" text-anchor=\"" + anchor + "\"" +
         (style.empty() ? "" : " style=\"" + style + "\"") + ">" + escaped(text) + "</text>\n";
}

constexpr const char* dashes[] = {"none", "6 3", "2 3", "8 3 2 3"};

std::string stroke(std::size_t series, double width) {
  return "fill:none;stroke-linejoin:round;stroke-width:" + decimals(width) + ";stroke:var(--c" + std::to_string(series) +
         ");stroke-dasharray:" + dashes[series];
}

/// The value of a series at an epoch, if it has one.
const std::pair<double, double>* point_at(const Series& series, double epoch) {
  const auto found = std::find_if(series.points.begin(), series.points.end(), [&](const auto& point) { return point.first == epoch; });
  return found == series.points.end() ? nullptr : &*found;
}

}  // namespace

std::string chart_svg(const Chart& chart) {
  constexpr double width = 440, height = 250, left = 42, right = 8, top = 12, bottom = 24;
  double least = INFINITY, most = -INFINITY, last = 0, first = INFINITY;
  std::size_t longest = 0;
  for (const auto& series : chart.series)
    for (const auto& [epoch, value] : series.points) {
      least = std::min(least, value), most = std::max(most, value);
      first = std::min(first, epoch), last = std::max(last, epoch);
      longest = std::max(longest, series.points.size());
    }
  if (longest < 2) return "";
  const auto x = axis(first, last, left, width - right, 6, false);
  const auto y = axis(least, most, height - bottom, top, 4, true);

  std::string legend, svg = "<svg role=\"img\" aria-label=\"" + escaped(chart.title) + "\" viewBox=\"0 0 440 250\">\n";
  for (const double tick : y.ticks())
    svg += line(left, y.at(tick), width - right, y.at(tick), "stroke:var(--line)") +
           label(left - 6, y.at(tick) + 4, "end", tick_text(tick, y.step));
  for (const double tick : x.ticks())
    if (x.step >= 1 || tick == std::floor(tick)) svg += label(x.at(tick), height - 6, "middle", tick_text(tick, std::max(1.0, x.step)));
  if (chart.mark) {
    const bool late = x.at(*chart.mark) > width * 0.6;
    svg += line(x.at(*chart.mark), top, x.at(*chart.mark), height - bottom, "stroke:var(--ink);stroke-width:1;stroke-dasharray:2 2") +
           label(x.at(*chart.mark) + (late ? -5 : 5), height - bottom - 6, late ? "end" : "start", chart.mark_name, "fill:var(--ink)");
  }
  for (std::size_t s = 0; s < chart.series.size() && s < std::size(dashes); ++s) {
    const auto& [name, points] = chart.series[s];
    if (points.empty()) continue;
    const auto every = (points.size() + 399) / 400;
    std::string path;
    for (std::size_t i = 0; i < points.size(); i += every)
      path.append(path.empty() ? "" : " ").append(decimals(x.at(points[i].first)) + "," + decimals(y.at(points[i].second)));
    svg += "<polyline style=\"" + stroke(s, 1.8) + "\" points=\"" + path + "\"/>\n";
    std::string value;
    if (const auto* marked = chart.mark ? point_at(chart.series[s], *chart.mark) : nullptr) {
      value = " " + decimals(marked->second, chart.digits);
      svg += "<circle cx=\"" + decimals(x.at(marked->first)) + "\" cy=\"" + decimals(y.at(marked->second)) +
             "\" r=\"3.5\" style=\"fill:var(--c" + std::to_string(s) + ");stroke:var(--paper);stroke-width:1.5\"><title>" + escaped(name) +
             value + ", epoch " + decimals(marked->first, 0) + "</title></circle>\n";
    }
    legend += "<span><svg class=\"key\" viewBox=\"0 0 22 8\"><line x1=\"1\" y1=\"4\" x2=\"21\" y2=\"4\" style=\"" + stroke(s, 2) +
              "\"/></svg>" + escaped(name) + (value.empty() ? "" : "<b>" + value + "</b>") + "</span>\n";
  }
  return "<figure><figcaption>" + escaped(chart.title) + "</figcaption><div class=\"legend\">\n" + legend + "</div>\n" + svg +
         "</svg></figure>\n";
}

std::string intervals_svg(const std::vector<IntervalRow>& rows) {
  if (rows.empty()) return "";
  constexpr double width = 440, left = 10, right = 14, row_height = 48;
  double reach = 0.5;
  for (const auto& row : rows) {
    reach = std::max(reach, std::abs(row.mean));
    for (const auto* interval : {&row.over_seeds, &row.over_dialogs})
      if (*interval) reach = std::max({reach, std::abs((*interval)->first), std::abs((*interval)->second)});
  }
  const double height = static_cast<double>(rows.size()) * row_height + 26;
  const auto x = axis(-reach, reach, left, width - right, 6, true);
  auto svg =
      "<svg role=\"img\" aria-label=\"paired differences\" viewBox=\"0 0 440 " + decimals(height) + "\" style=\"max-width:36rem\">\n";
  for (const double tick : x.ticks())
    svg += line(x.at(tick), 4, x.at(tick), height - 22, std::abs(tick) < 1e-9 ? "stroke:var(--ink)" : "stroke:var(--line)") +
           label(x.at(tick), height - 6, "middle", tick_text(tick, x.step));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto& row = rows[r];
    const double middle = static_cast<double>(r) * row_height + 34;
    svg += label(left, middle - 16, "start", row.name, "fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:4px");
    const auto bar = [&](const auto& interval, double y, const char* colour) {
      if (interval)
        svg += line(x.at(interval->first), y, x.at(interval->second), y, std::string("stroke-width:4;stroke:var(") + colour + ")");
    };
    bar(row.over_seeds, middle - 6, "--c0");
    bar(row.over_dialogs, middle + 6, "--c1");
    svg += "<circle cx=\"" + decimals(x.at(row.mean)) + "\" cy=\"" + decimals(middle) +
           "\" r=\"4.5\" style=\"fill:var(--ink);stroke:var(--paper);stroke-width:1.5\"/>\n";
  }
  const auto key = [](const char* colour, const std::string& text) {
    return "<span><svg class=\"key\" viewBox=\"0 0 22 8\"><line x1=\"1\" y1=\"4\" x2=\"21\" y2=\"4\" style=\"stroke-width:4;stroke:var(" +
           std::string(colour) + ")\"/></svg>" + text + "</span>\n";
  };
  return "<div class=\"legend\">" + key("--c0", "95 % over seeds (paired t)") + key("--c1", "95 % over dialogs (paired bootstrap)") +
         "</div>\n" + svg + "</svg>\n";
}

}  // namespace merc
