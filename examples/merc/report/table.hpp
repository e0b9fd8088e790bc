#pragma once

#include <string>
#include <vector>

namespace merc {

/// A table as lines of text: the first row is the head, the first column is aligned to the left, the others to the right.
/// Widths are counted in characters of UTF-8.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// A fraction as a percentage with `digits` digits: percent(0.6543) is "65.43".
std::string percent(double fraction, int digits = 2);

/// The same with its sign: "+1.20".
std::string signed_percent(double fraction);

/// "65.43 ± 0.21", in percent.
std::string mean_deviation(double mean, double deviation);

}  // namespace merc
