#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace merc {

/// Values over epochs, joined by a line.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< (epoch, value), in the order of the epochs
};

/// Lines over epochs. At most four series, so that each has a colour and a dash of its own.
struct Chart {
  std::string title;
  std::vector<Series> series;  ///< those without a point are left out
  std::optional<double> mark;  ///< an epoch with a line through it ...
  std::string mark_name;       ///< ... and its name
  int digits = 2;              ///< of values
};

/// The chart as SVG under its title, or nothing where no series has two points. Points beyond 400 a series are thinned out.
std::string chart_svg(const Chart& chart);

/// A paired difference of two settings with its intervals, in percent.
struct IntervalRow {
  std::string name;
  double mean = 0;
  std::optional<std::pair<double, double>> over_seeds, over_dialogs;
};

/// Differences about a line at zero, one a row: a dot for the mean, a bar for each interval.
std::string intervals_svg(const std::vector<IntervalRow>& rows);

}  // namespace merc
