#include "report/coordinates.hpp"

#include "data/corpus.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

namespace merc {
namespace {

std::vector<std::string> fields_of(std::string line) {
  if (line.ends_with('\r')) line.pop_back();
  std::vector<std::string> fields;
  for (std::size_t begin = 0;;) {
    const auto end = line.find('\t', begin);
    fields.push_back(line.substr(begin, end - begin));
    if (end == std::string::npos) return fields;
    begin = end + 1;
  }
}

}  // namespace

Eigen::MatrixXd read_coordinates(const std::filesystem::path& path, const std::vector<std::string>& ids) {
  std::ifstream stream(path);
  if (!stream) throw DataError(path.string() + ": cannot be read");
  std::string line;
  std::getline(stream, line);
  const auto head = fields_of(line);
  const auto column = [&](const char* name) {
    const auto found = std::find(head.begin(), head.end(), name);
    if (found == head.end())
      throw DataError(path.string() + ": line 1 names no column \"" + name + "\"; expected vid, x and y, with tabs between them");
    return static_cast<std::size_t>(found - head.begin());
  };
  const auto vid = column("vid"), x = column("x"), y = column("y");
  std::map<std::string, Eigen::RowVector2d> points;
  for (int number = 2; std::getline(stream, line); ++number) {
    if (line.empty()) continue;
    const auto fields = fields_of(line);
    const auto value = [&](std::size_t place) {
      char* end = nullptr;
      const double read = place < fields.size() ? std::strtod(fields[place].c_str(), &end) : NAN;
      if (end == nullptr || end == fields[place].c_str() || *end != '\0' || !std::isfinite(read))
        throw DataError(path.string() + ": line " + std::to_string(number) + " has no number as `" + head[place] + "`");
      return read;
    };
    const Eigen::RowVector2d point(value(x), value(y));
    if (vid < fields.size()) points[fields[vid]] = point;
  }
  Eigen::MatrixXd found(static_cast<Eigen::Index>(ids.size()), 2);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto point = points.find(ids[i]);
    if (point == points.end()) throw DataError(path.string() + ": no point for dialog " + ids[i] + "; expected one for each of the corpus");
    found.row(static_cast<Eigen::Index>(i)) = point->second;
  }
  return found;
}

}  // namespace merc
