#include "report/trajectory_page.hpp"

#include "report/dialog_map.hpp"
#include "report/page.hpp"

#include <algorithm>
#include <numeric>

namespace merc {
namespace {

constexpr int levels = 12;  // shades of the heat map

/// Dialogs in the order of their scenarios.
std::vector<int> by_group(const std::vector<int>& groups) {
  std::vector<int> order(groups.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return groups[a] < groups[b]; });
  return order;
}

/// The mean distance of blocks of dialogs, so that a large corpus makes no large page: at most 300 a side.
Eigen::MatrixXd blocks(const TrajectoryPage& page, const std::vector<int>& order) {
  const auto n = static_cast<Eigen::Index>(order.size());
  const auto size = (n + 299) / 300, count = (n + size - 1) / std::max<Eigen::Index>(1, size);
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(count, count), members = sums;
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) {
      sums(i / size, j / size) += page.distances(order[i], order[j]);
      members(i / size, j / size) += 1;
    }
  return sums.cwiseQuotient(members);
}

std::string heat_map(const TrajectoryPage& page) {
  const auto order = by_group(page.groups);
  const auto cells = blocks(page, order);
  const double largest = std::max(cells.maxCoeff(), 1e-12);
  const auto level = [&](Eigen::Index i, Eigen::Index j) { return std::min(levels - 1, static_cast<int>(cells(i, j) / largest * levels)); };
  std::vector<std::string> paths(levels);
  for (Eigen::Index i = 0; i < cells.rows(); ++i)
    for (Eigen::Index j = 0; j < cells.cols();) {  // a run of one shade is one rectangle
      auto end = j + 1;
      while (end < cells.cols() && level(i, end) == level(i, j)) ++end;
      const auto width = std::to_string(end - j);
      paths[level(i, j)].append("M").append(std::to_string(j) + " " + std::to_string(i) + "h" + width + "v1h-" + width + "z");
      j = end;
    }
  const auto side = static_cast<double>(cells.rows());
  const double margin = side * 0.14;
  std::string svg = "<svg role=\"img\" aria-label=\"distances\" viewBox=\"" + decimals(-margin) + " 0 " + decimals(side + margin) + " " +
                    decimals(side) + "\" shape-rendering=\"crispEdges\">\n";
  for (int shade = 0; shade < levels; ++shade) svg += "<path class=\"s" + std::to_string(shade) + "\" d=\"" + paths[shade] + "\"/>\n";
  const double scale = side / static_cast<double>(order.size());
  for (std::size_t begin = 0; begin < order.size();) {
    auto end = begin;
    while (end < order.size() && page.groups[order[end]] == page.groups[order[begin]]) ++end;
    svg += "<text style=\"font-size:" + decimals(side / 50) + "px\" text-anchor=\"end\" dominant-baseline=\"middle\" x=\"" +
           decimals(-side * 0.01) + "\" y=\"" + decimals(static_cast<double>(begin + end) / 2 * scale) + "\">" +
           escaped(page.names[page.groups[order[begin]]]) + "</text>\n";
    begin = end;
  }
  return svg + "</svg>\n";
}

/// The shades of the heat map.
std::string shades() {
  std::string css;
  for (int shade = 0; shade < levels; ++shade)
    css += ".s" + std::to_string(shade) + "{fill:color-mix(in oklab,var(--far) " + decimals(100.0 * shade / (levels - 1)) +
           "%,var(--near))}\n";
  return css;
}

}  // namespace

std::string trajectory_html(const TrajectoryPage& page) {
  auto html = "<h2>Which measure finds dialogs of the same scenario?</h2>\n" + table_html(page.table);
  for (const auto& note : page.notes) html += note_html(note);
  html += "<h2>Distances between dialogs</h2>\n" +
          note_html(page.measure + "; dialogs in the order of their scenarios, near ones strong, far ones faint.") + heat_map(page);
  html +=
      "<h2>Map of the dialogs</h2>\n" +
      note_html("The same distances in the plane (classical multidimensional scaling), by scenario; a pointer on a dialog shows its id.") +
      dialog_map_svg({.name = "map of dialogs", .points = page.map, .titles = page.ids, .groups = page.groups, .labels = page.names});
  return page_html(page.title, shades() + group_css(page.names.size()), html);
}

}  // namespace merc
