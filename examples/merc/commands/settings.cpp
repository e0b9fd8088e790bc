#include "commands/settings.hpp"

#include "model/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>
#include <sstream>

namespace merc::commands {
namespace {

/// A key and the values that it takes: these, or all from the first to the second.
struct Axis {
  std::string key;
  std::vector<std::string> values;
  enum { Values, Linear, Log } scale = Values;
  bool whole = false;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream rest(text);
  for (std::string part; std::getline(rest, part, separator);) parts.push_back(part);
  return parts;
}

Axis axis_of(const std::string& option, const std::string& text) {
  const auto equals = text.find('=');
  Axis axis{text.substr(0, equals), {}};
  if (equals != std::string::npos) axis.values = split(text.substr(equals + 1), ',');
  auto sorted = axis.values;
  std::sort(sorted.begin(), sorted.end());
  const bool twice = std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
  if (axis.key.empty() || axis.values.empty() || twice || sorted.front().empty())
    throw UsageError(option + ": expected KEY=VALUE,VALUE..., each value once, such as temperature=0.1,0.2, got " + text);
  if (axis.key == "seed") throw UsageError(option + ": seeds are no setting; say how many by --seeds N");
  return axis;
}

std::optional<double> number(const std::string& text) {
  const auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

/// An axis whose only value may be LOW:HIGH or log:LOW:HIGH.
Axis range_of(const std::string& text) {
  auto axis = axis_of("--range", text);
  const auto standard = TrainFlags::standard(axis.key);
  auto bounds = split(axis.values.front(), ':');
  const bool log = bounds.front() == "log";
  if (log) bounds.erase(bounds.begin());
  if (axis.values.size() > 1 || !standard.is_number() || (!log && bounds.size() == 1)) return axis;  // as "trajectory:dtw" is a value
  const auto low = number(bounds.size() == 2 ? bounds[0] : ""), high = number(bounds.size() == 2 ? bounds[1] : "");
  axis.scale = log ? Axis::Log : Axis::Linear;
  axis.whole = standard.is_number_integer();
  if (!low || !high || *low >= *high || (log && *low <= 0) || (axis.whole && (*low != std::floor(*low) || *high != std::floor(*high))))
    throw UsageError("--range: expected KEY=LOW:HIGH, LOW less than HIGH" + std::string(log ? " and positive" : "") +
                     (axis.whole ? ", whole numbers" : "") + ", such as idcl-weight=0.01:1 or learning-rate=log:1e-5:1e-3, got " + text);
  axis.values = bounds;
  return axis;
}

/// A value of an axis for a number drawn uniformly from [0, 1).
std::string value_of(const Axis& axis, double drawn) {
  if (axis.scale == Axis::Values) return axis.values[static_cast<std::size_t>(drawn * static_cast<double>(axis.values.size()))];
  const double low = *number(axis.values[0]), high = *number(axis.values[1]);
  const double end = axis.whole ? high + 1 : high;
  const double value = axis.scale == Axis::Log ? low * std::pow(end / low, drawn) : low + drawn * (end - low);
  char text[32];
  if (axis.whole)
    std::snprintf(text, sizeof text, "%.0f", std::clamp(std::floor(value), low, high));
  else
    std::snprintf(text, sizeof text, "%.3g", value);
  const double rounded = *number(text);
  return rounded < low ? axis.values[0] : rounded > high ? axis.values[1] : text;
}

std::vector<Assignments> combinations(const std::vector<std::string>& grid) {
  std::vector<Assignments> all{{}};
  for (const auto& text : grid) {
    const auto axis = axis_of("--grid", text);
    std::vector<Assignments> longer;
    for (const auto& before : all)
      for (const auto& value : axis.values) {
        longer.push_back(before);
        longer.back().emplace_back(axis.key, value);
      }
    all = std::move(longer);
    if (all.size() > 1000) throw UsageError("--grid: more than 1000 settings; leave out some values");
  }
  return all;
}

std::vector<Assignments> draws(const std::vector<std::string>& ranges, int count, uint64_t seed) {
  std::vector<Axis> axes;
  for (const auto& text : ranges) axes.push_back(range_of(text));
  std::vector<Assignments> all;
  std::set<std::string> seen;
  const auto wanted = static_cast<std::size_t>(count);
  for (uint64_t n = 0; all.size() < wanted; ++n) {
    if (n > 100 * (wanted + 10))
      throw UsageError("--random: " + std::to_string(count) + " settings asked for, but the ranges have hardly more than " +
                       std::to_string(all.size()));
    Assignments setting;
    for (uint64_t a = 0; a < axes.size(); ++a)
      setting.emplace_back(axes[a].key, value_of(axes[a], static_cast<double>(derive({seed, 'r', n, a}) >> 11) * 0x1p-53));
    if (seen.insert(name_of(setting)).second) all.push_back(setting);
  }
  return all;
}

}  // namespace

std::vector<Assignments> settings_of(const Search& search, uint64_t seed) {
  if (search.random > 0 && search.ranges.empty()) throw UsageError("--random draws from ranges; give some by --range KEY=LOW:HIGH");
  if (search.random == 0 && !search.ranges.empty()) throw UsageError("--range is drawn from; say how often by --random N");
  if (search.random == 0 && search.grid.empty())
    throw UsageError("nothing to vary; give --grid KEY=VALUE,VALUE, or --random N and --range KEY=LOW:HIGH");
  std::set<std::string> keys;
  for (const auto* texts : {&search.grid, &search.ranges})
    for (const auto& text : *texts)
      if (const auto key = text.substr(0, text.find('=')); !keys.insert(key).second) throw UsageError("sweep: " + key + " is there twice");

  const auto combined = combinations(search.grid);
  std::vector<Assignments> all;
  for (const auto& drawn : search.random > 0 ? draws(search.ranges, search.random, seed) : std::vector<Assignments>{{}})
    for (const auto& combination : combined) {
      all.push_back(drawn);
      all.back().insert(all.back().end(), combination.begin(), combination.end());
    }
  if (all.size() < 2) throw UsageError("one setting alone is no sweep; give a key of --grid two values, draw more, or use idcl-merc train");
  return all;
}

std::string name_of(const Assignments& setting) {
  std::string name;
  for (const auto& [key, value] : setting) name += (name.empty() ? "" : ",") + key + '=' + value;
  return name;
}

}  // namespace merc::commands
