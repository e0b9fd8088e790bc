#include "report/dialog_map.hpp"

#include "report/page.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace merc {
namespace {

/// The mark of a group about a point, with what `inside` says of it.
std::string mark(int group, double x, double y, const std::string& inside = "", bool hollow = false) {
  const auto at = [&](double dx, double dy) { return decimals(x + dx) + "," + decimals(y + dy); };
  const auto element = [&](const std::string& name, const std::string& place) {
    return "<" + name + " " + place + " class=\"dot g" + std::to_string(group) + (hollow ? " hollow\"" : "\"") +
           (inside.empty() ? "/>" : "><title>" + escaped(inside) + "</title></" + name + ">");
  };
  switch (group % 4) {
    case 0:
      return element("circle", "cx=\"" + decimals(x) + "\" cy=\"" + decimals(y) + "\" r=\"5\"");
    case 1:
      return element("rect", "x=\"" + decimals(x - 4.5) + "\" y=\"" + decimals(y - 4.5) + "\" width=\"9\" height=\"9\"");
    case 2:
      return element("polygon", "points=\"" + at(0, -6) + " " + at(5.5, 4.5) + " " + at(-5.5, 4.5) + "\"");
    default:
      return element("polygon", "points=\"" + at(0, -6) + " " + at(6, 0) + " " + at(0, 6) + " " + at(-6, 0) + "\"");
  }
}

}  // namespace

std::string dialog_map_svg(const DialogMap& map) {
  auto svg = "<svg class=\"map\" role=\"img\" aria-label=\"" + escaped(map.name) + "\" viewBox=\"0 0 " + decimals(map.width, 0) + " " +
             decimals(map.height, 0) + "\">\n";
  if (map.points.rows() == 0) return svg + "</svg>\n";
  const double margin = map.labels.empty() ? 12 : 50;
  const auto extent = [&](int axis) { return std::pair{map.points.col(axis).minCoeff(), map.points.col(axis).maxCoeff()}; };
  const auto [left, right] = extent(0);
  const auto [low, high] = extent(1);
  const double scale =
      std::min((map.width - 2 * margin) / std::max(right - left, 1e-12), (map.height - 2 * margin) / std::max(high - low, 1e-12));
  const auto x = [&](double value) { return map.width / 2 + (value - (left + right) / 2) * scale; };
  const auto y = [&](double value) { return map.height / 2 - (value - (low + high) / 2) * scale; };
  Eigen::MatrixXd centre = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(map.labels.size()), 3);
  for (std::size_t i = 0; i < map.groups.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    svg += mark(map.groups[i], x(map.points(row, 0)), y(map.points(row, 1)), map.titles[i], !map.hollow.empty() && map.hollow[i]) + "\n";
    if (!map.labels.empty()) centre.row(map.groups[i]) += Eigen::RowVector3d(map.points(row, 0), map.points(row, 1), 1);
  }
  for (Eigen::Index group = 0; group < centre.rows(); ++group) {
    const Eigen::RowVector3d sum = centre.row(group);
    if (sum[2] == 0) continue;
    svg += "<text text-anchor=\"middle\" x=\"" + decimals(x(sum[0] / sum[2])) + "\" y=\"" + decimals(y(sum[1] / sum[2])) + "\">" +
           escaped(map.labels[static_cast<std::size_t>(group)]) + "</text>\n";
  }
  return svg + "</svg>\n";
}

std::string group_key_html(const std::vector<std::string>& names) {
  std::string html = "<div class=\"legend\">";
  for (std::size_t group = 0; group < names.size(); ++group)
    html += "<span><svg class=\"key\" viewBox=\"0 0 22 12\">" + mark(static_cast<int>(group), 11, 6) + "</svg>" + escaped(names[group]) +
            "</span>\n";
  return html + "</div>\n";
}

std::string group_css(std::size_t groups) {
  std::string css = ".dot{fill:var(--g);stroke:var(--paper);stroke-width:.5} .hollow{fill:var(--paper);stroke:var(--g);stroke-width:1.6}\n";
  for (std::size_t group = 0; group < groups; ++group)
    css += ".g" + std::to_string(group) + "{--g:hsl(" + decimals(std::fmod(137.508 * static_cast<double>(group), 360)) +
           " 65% var(--light))}\n";
  return css;
}

}  // namespace merc
