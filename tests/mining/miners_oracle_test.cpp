// Miners against loops over their definitions: tiles, reference sets, ties to the lowest index.

#include "mining/miners.hpp"
#include "support/catch.hpp"
#include "support/oracle.hpp"
#include "support/random.hpp"
#include "support/setting.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <sstream>

namespace {

using namespace idcl;
using namespace idcl::test;
using nlohmann::json;
using oracle::Matrix;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What the definitions speak of.
struct Scene {
  std::string name;
  MinerArguments of;
  std::vector<int64_t> labels, reference_labels;

  bool self() const { return !of.references.defined(); }
  int64_t n() const { return static_cast<int64_t>(labels.size()); }
  int64_t m() const { return static_cast<int64_t>(reference_labels.size()); }
  bool positive(int64_t i, int64_t j) const { return !(self() && i == j) && labels[i] == reference_labels[j]; }
  bool negative(int64_t i, int64_t j) const { return labels[i] != reference_labels[j]; }
  const Tensor& others() const { return self() ? of.embeddings : of.references; }
};

std::vector<int64_t> values(const Tensor& labels) { return {labels.data_ptr<int64_t>(), labels.data_ptr<int64_t>() + labels.numel()}; }

Scene scene(const std::string& name, const Tensor& x, const Tensor& labels, const Tensor& y = {}, const Tensor& y_labels = {}) {
  return {name, {x, labels, y, y_labels}, values(labels), values(y.defined() ? y_labels : labels)};
}

/// Rows along the axes, some of them the other way: every product is exact, and nearly everything ties.
Tensor axes(Random& random, int64_t n) {
  const auto direction = random.integers(3, {n}), sign = random.integers(2, {n}) * 4 - 2;
  return at::zeros({n, 3}, at::kDouble).scatter_(1, direction.unsqueeze(1), sign.to(at::kDouble).unsqueeze(1));
}

std::vector<Scene> scenes() {
  Random random(7);
  std::vector<Scene> all;
  all.push_back(scene("random", random.normal({13, 4}), random.integers(3, {13})));
  all.push_back(scene("references", random.normal({9, 4}), random.integers(4, {9}), random.normal({17, 4}), random.integers(4, {17})));
  all.push_back(scene("ties", axes(random, 15), random.integers(3, {15})));
  all.push_back(scene("ties in references", axes(random, 7), random.integers(2, {7}), axes(random, 16), random.integers(2, {16})));
  all.push_back(scene("all rows equal", at::ones({9, 4}, at::kDouble), random.integers(2, {9})));
  all.push_back(scene("singletons", random.normal({8, 3}), at::tensor({0, 1, 1, 2, 3, 3, 3, 4}, at::kLong)));
  all.push_back(scene("one class", random.normal({6, 3}), at::zeros({6}, at::kLong)));
  all.push_back(scene("all distinct", random.normal({6, 3}), at::arange(6)));
  all.push_back(scene("one row", random.normal({1, 3}), at::zeros({1}, at::kLong)));
  all.push_back(scene("empty", at::zeros({0, 3}, at::kDouble), at::zeros({0}, at::kLong)));
  return all;
}

/// Distances as a golden option names them, a similarity as minus one: rounded to double, so that equal rows tie exactly.
Matrix distances(const Scene& of, const std::string& kind) {
  auto d = oracle::similarities(of.of.embeddings, of.others(), kind == "cosine" || kind == "lp");
  const auto x = oracle::matrix_of(of.of.embeddings), y = oracle::matrix_of(of.others());
  for (std::size_t i = 0; i < d.size(); ++i)
    for (std::size_t j = 0; j < d[i].size(); ++j) {
      if (kind == "cosine" || kind == "dot_raw") {
        d[i][j] = -d[i][j];
        continue;
      }
      const auto length = [&](const std::vector<oracle::Real>& row) {
        return kind == "lp" ? std::sqrt(oracle::inner(row, row)) : oracle::Real{1};
      };
      oracle::Real sum = 0;
      for (std::size_t k = 0; k < x[i].size(); ++k) sum += std::pow(x[i][k] / length(x[i]) - y[j][k] / length(y[j]), 2);
      d[i][j] = x[i] == y[j] ? 0 : std::sqrt(sum);
    }
  for (auto& row : d)
    for (auto& value : row) value = std::round(value * 1e9L) / 1e9L;  // what is equal but for rounding is equal
  return d;
}

/// The best of the candidates, the lowest index among equals.
template <class Candidate>
std::optional<int64_t> best(const std::vector<oracle::Real>& d, bool farthest, const Candidate& candidate) {
  std::optional<int64_t> result;
  for (int64_t j = 0; j < static_cast<int64_t>(d.size()); ++j)
    if (candidate(j) && (!result || (farthest ? d[j] > d[*result] : d[j] < d[*result]))) result = j;
  return result;
}

Found batch_easy_hard(const Scene& of, const json& options) {
  const std::string kind = options.value("distance", "lp"), pos = options.at("pos_strategy"), neg = options.at("neg_strategy");
  const auto d = distances(of, kind);
  const auto sign = kind == "lp" ? 1 : -1;
  const auto allowed = [&](const char* name, oracle::Real distance) {
    if (!options.contains(name)) return true;
    const auto value = sign * distance;
    return options.at(name).at(0).get<double>() <= value && value <= options.at(name).at(1).get<double>();
  };
  Found result;
  for (int64_t i = 0; i < of.n(); ++i) {
    const auto positive = [&](int64_t j) { return of.positive(i, j) && allowed("allowed_pos_range", d[i][j]); };
    const auto negative = [&](int64_t j) { return of.negative(i, j) && allowed("allowed_neg_range", d[i][j]); };
    auto p = best(d[i], pos != "easy", positive), n = best(d[i], neg == "easy", negative);
    if (pos == "semihard") p = n ? best(d[i], true, [&](int64_t j) { return positive(j) && d[i][j] < d[i][*n]; }) : std::nullopt;
    if (neg == "semihard") n = p ? best(d[i], false, [&](int64_t j) { return negative(j) && d[i][j] > d[i][*p]; }) : std::nullopt;
    for (int64_t j = 0; j < of.m(); ++j) {
      if (pos == "all" ? positive(j) : p == j && (n || neg == "all")) result.positives.push_back({i, j});
      if (neg == "all" ? negative(j) : n == j && (p || pos == "all")) result.negatives.push_back({i, j});
    }
  }
  return result;
}

Found batch_hard(const Scene& of, const json& options) {
  auto hard = options;
  hard["pos_strategy"] = hard["neg_strategy"] = "hard";
  const auto pairs = batch_easy_hard(of, hard);
  Found result;
  for (std::size_t t = 0; t < pairs.positives.size(); ++t)
    result.triplets.push_back({pairs.positives[t][0], pairs.positives[t][1], pairs.negatives[t][1]});
  return result;
}

Found multi_similarity(const Scene& of, const json& options) {
  const auto d = distances(of, options.value("distance", "cosine"));
  const double epsilon = options.value("epsilon", 0.1);
  Found result;
  for (int64_t i = 0; i < of.n(); ++i) {
    const auto p = best(d[i], true, [&](int64_t j) { return of.positive(i, j); }),
               n = best(d[i], false, [&](int64_t j) { return of.negative(i, j); });
    for (int64_t j = 0; j < of.m() && p && n; ++j) {
      if (of.positive(i, j) && d[i][j] + epsilon > d[i][*n]) result.positives.push_back({i, j});
      if (of.negative(i, j) && d[i][j] - epsilon < d[i][*p]) result.negatives.push_back({i, j});
    }
  }
  return result;
}

Found pair_margin(const Scene& of, const json& options) {
  const std::string kind = options.value("distance", "lp");
  const auto d = distances(of, kind);
  const double sign = kind == "lp" ? 1 : -1, pos = sign * options.value("pos_margin", 0.2), neg = sign * options.value("neg_margin", 0.8);
  Found result;
  for (int64_t i = 0; i < of.n(); ++i)
    for (int64_t j = 0; j < of.m(); ++j) {
      if (of.positive(i, j) && d[i][j] > pos) result.positives.push_back({i, j});
      if (of.negative(i, j) && d[i][j] < neg) result.negatives.push_back({i, j});
    }
  return result;
}

/// Every triplet that `wanted(i, p, n)`.
template <class Wanted>
Found triplets(const Scene& of, const Wanted& wanted) {
  Found result;
  for (int64_t i = 0; i < of.n(); ++i)
    for (int64_t p = 0; p < of.m(); ++p)
      for (int64_t n = 0; n < of.m(); ++n)
        if (of.positive(i, p) && of.negative(i, n) && wanted(i, p, n)) result.triplets.push_back({i, p, n});
  return result;
}

Found triplet_margin(const Scene& of, const json& options) {
  const auto d = distances(of, options.value("distance", "lp"));
  const double margin = options.value("margin", 0.2);
  const std::string kind = options.value("type_of_triplets", "all");
  return triplets(of, [&](int64_t i, int64_t p, int64_t n) {
    const auto gap = d[i][n] - d[i][p];
    if (kind == "easy") return gap > margin;
    return gap <= margin && (kind == "all" || (kind == "hard") == (gap <= 0));
  });
}

Found angular(const Scene& of, const json& options) {
  const auto x = oracle::matrix_of(of.of.embeddings), y = oracle::matrix_of(of.others());
  const auto limit = options.value("angle", 20.0) * std::numbers::pi / 180;
  return triplets(of, [&](int64_t i, int64_t p, int64_t n) {
    oracle::Real pair = 0, middle = 0;
    for (std::size_t k = 0; k < x[i].size(); ++k) {
      pair += std::pow(x[i][k] - y[p][k], 2);
      middle += std::pow(y[n][k] - (x[i][k] + y[p][k]) / 2, 2);
    }
    return pair > 0 && std::atan(std::sqrt(pair) / (2 * std::sqrt(middle))) > limit;
  });
}

Found hdc(const Scene& of, const json& options) {
  const auto d = distances(of, options.value("distance", "lp"));
  const double share = options.value("filter_percentage", 0.5);
  const auto hardest = [&](bool positives) {
    PairRows rows;
    for (int64_t i = 0; i < of.n(); ++i)
      for (int64_t j = 0; j < of.m(); ++j)
        if (positives ? of.positive(i, j) : of.negative(i, j)) rows.push_back({i, j});
    std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
      return positives ? d[a[0]][a[1]] > d[b[0]][b[1]] : d[a[0]][a[1]] < d[b[0]][b[1]];
    });
    rows.resize(static_cast<std::size_t>(std::ceil(share * static_cast<double>(rows.size()))));
    return rows;
  };
  return Found{.positives = hardest(true), .negatives = hardest(false), .triplets = {}}.sorted();
}

/// The miner's answers to some options in every scene, at tiles of several sides, in the order that its page promises.
void check(const std::string& name, Found (*oracle)(const Scene&, const json&), const std::vector<json>& options) {
  for (const auto& of : scenes())
    for (const auto& choice : options) {
      const auto expected = oracle(of, choice);
      for (const int64_t side : {3, 64}) {
        INFO(name << ' ' << choice << ", " << of.name << ", tiles of side " << side);
        CHECK(miner(name).mine(of.of, choice, workspace_for(side, 8)) == expected);
      }
    }
}

}  // namespace

TEST_CASE("batch hard takes the farthest positive and the nearest negative") {
  check("batch_hard", batch_hard, {json::object(), {{"distance", "cosine"}}});
}

TEST_CASE("batch easy hard, every pair of strategies, with ranges and without") {
  std::vector<json> options;
  for (const std::string pos : {"easy", "semihard", "hard", "all"})
    for (const std::string neg : {"easy", "semihard", "hard", "all"}) {
      if ((pos == "semihard" || neg == "semihard") && (pos == neg || pos == "all" || neg == "all")) continue;
      options.push_back({{"pos_strategy", pos}, {"neg_strategy", neg}});
      options.push_back(
          {{"pos_strategy", pos}, {"neg_strategy", neg}, {"allowed_pos_range", {0.3, 1.4}}, {"allowed_neg_range", {0.5, 1.6}}});
      options.push_back({{"pos_strategy", pos}, {"neg_strategy", neg}, {"distance", "cosine"}, {"allowed_neg_range", {-0.5, 0.7}}});
    }
  check("batch_easy_hard", batch_easy_hard, options);
}

TEST_CASE("multi-similarity takes what is harder than the hardest of the other kind, by epsilon") {
  check("multi_similarity", multi_similarity,
        {json::object(), {{"epsilon", 0.5}}, {{"epsilon", -0.25}}, {{"epsilon", 0.05}, {"distance", "lp"}}});
}

TEST_CASE("pair margin takes what violates a margin") {
  check("pair_margin", pair_margin,
        {json::object(), {{"pos_margin", 0.9}, {"neg_margin", 1.3}}, {{"distance", "cosine"}, {"pos_margin", 0.6}, {"neg_margin", -0.1}}});
}

TEST_CASE("triplet margin, every kind of triplets") {
  std::vector<json> options;
  for (const std::string kind : {"all", "hard", "semihard", "easy"})
    for (const double margin : {0.2, 0.0, -0.3}) {
      options.push_back({{"type_of_triplets", kind}, {"margin", margin}});
      options.push_back({{"type_of_triplets", kind}, {"margin", margin}, {"distance", "cosine"}});
    }
  check("triplet_margin", triplet_margin, options);
}

TEST_CASE("angular takes wide angles at the negative") {
  check("angular", angular, {json::object(), {{"angle", 35.0}}, {{"angle", 60.0}}});
}

TEST_CASE("the hardest share of all pairs, ties to the lowest pair") {
  check("hdc", hdc, {json::object(), {{"filter_percentage", 0.2}}, {{"filter_percentage", 0.03}}, {{"filter_percentage", 1.0}}});
}
